// Package search finds cases: by a part of the number in whatever way people write it, and by the words
// of name, topic, note, comments, imported fields, assigned agent and list.
//
// It is for web, which asks with the lists that its caller may see and gets only their cases. The index is
// a folder of its own beside the store and can be deleted at any time: everything in it comes from package
// cases. [Index.Run] follows what changes, a moment behind; after a crash it goes on where the index
// says it was, and when that is impossible it makes the index anew, which can be searched meanwhile as far
// as it is.
//
// The words are kept in segments of bleve's scorch, as bitmaps of the cases that have them, without
// frequencies or positions. A search combines bitmaps and reads only the cases it shows. bleve's own
// searchers would visit every case that matches, score and sort it: two orders of magnitude more work for a
// word that 300 000 cases have, for a ranking that nobody at work wants. Open cases come before closed
// ones, the better kind of match before the worse, and the newer before the older.
//
// It knows nothing of who may see what: it believes Query.Lists.
package search
