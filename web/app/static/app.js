// @ts-check
// What pages get on top of links and forms. Each module looks after one thing.
import { startParts } from './parts.js';
import { startList } from './list.js';
import { startLive } from './live.js';
import { startSwipes } from './swipe.js';
import { startChoosing } from './choose.js';
import { startDevice } from './device.js';
import { startNotify } from './notify.js';
import { startBoard } from './board.js';
import { startPane } from './pane.js';
import { startPlayer } from './player.js';

startDevice();
startParts();
startList();
startSwipes();
startChoosing();
startBoard();
startPane();
startPlayer();
if (document.body.dataset.me) {
  startLive();
  startNotify();
}
