package app_test

import (
	"testing"
	"time"

	protocol "github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/serviceworker"
	"github.com/chromedp/chromedp"

	"ringback/web"
)

// TestAPushedMessageIsShownAndClearedWhenSeen hands the service worker what the push service would bring.
func TestAPushedMessageIsShownAndClearedWhenSeen(t *testing.T) {
	s := open(t)
	c := s.create(web.NewCase{List: "support", Number: matti})
	b := s.browse(t)
	registered := make(chan serviceworker.RegistrationID, 100)
	if err := chromedp.Listen(b.ctx, func(event any) {
		if e, ok := event.(*serviceworker.EventWorkerRegistrationUpdated); ok {
			for _, r := range e.Registrations {
				registered <- r.RegistrationID
			}
		}
	}); err != nil {
		t.Fatal(err)
	}
	command(b, serviceworker.Enable, cdp.Empty{})
	command(b, protocol.SetPermission, protocol.SetPermissionParams{
		Origin: s.base, Permission: &protocol.PermissionDescriptor{Name: "notifications"}, Setting: protocol.PermissionSettingGranted,
	})
	b.logIn("anna")
	b.until("the worker is there", "navigator.serviceWorker.ready.then(() => true)")
	var id serviceworker.RegistrationID
	select {
	case id = <-registered:
	case <-time.After(patience):
		t.Fatal("no service worker was registered")
	}
	shown := "navigator.serviceWorker.ready.then(r => r.getNotifications()).then(n => n.map(x => x.title + '|' + x.body + '|' + x.data.path).join())"
	want := "New case: Support|Hung up while waiting|/cases/" + c.ID
	// A page clears what is shown when it comes, also what is shown while it looks: then the message is sent again.
	for end := time.Now().Add(patience); value[string](b, shown) != want; b.do(chromedp.Sleep(time.Second)) {
		if time.Now().After(end) {
			t.Fatalf("what was pushed is not shown, but %q", value[string](b, shown))
		}
		command(b, serviceworker.DeliverPushMessage, serviceworker.DeliverPushMessageParams{
			Origin: s.base, RegistrationID: id,
			Data: `{"kind":"case","case":"` + c.ID + `","list":"support","list_name":"Support","reason":"abandoned_waiting","path":"/cases/` + c.ID + `","tag":"t","at":"2026-07-01T08:00:00Z"}`,
		})
	}
	b.visit("/callback") // it is seen
	b.until("it is cleared", shown+".then(t => t === '')")
}
