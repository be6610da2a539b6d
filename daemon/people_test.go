package daemon_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ringback/configs"
	"ringback/daemon"
	"ringback/store"
	"ringback/web"
)

// passphrase is what people of these tests choose.
const passphrase = "correct horse battery staple"

// enter invites a person, lets him choose a password by the link, and logs him in: the header of his
// requests.
func (x *centre) enter(id string) []string {
	x.t.Helper()
	in, err := x.remote().Invite(x.t.Context(), id)
	if err != nil {
		x.t.Fatal(err)
	}
	link, err := url.Parse(daemon.InvitationLink(x.config, in.Code))
	if err != nil {
		x.t.Fatal(err)
	}
	form := url.Values{"password": {passphrase}, "again": {passphrase}}.Encode()
	if res, body := x.send(http.MethodPost, link.Path, form, "Content-Type", "application/x-www-form-urlencoded"); res.StatusCode != http.StatusOK {
		x.t.Fatalf("%s %s", res.Status, body)
	}
	login, err := json.Marshal(map[string]string{"name": id, "password": passphrase})
	if err != nil {
		x.t.Fatal(err)
	}
	res, body := x.send(http.MethodPost, "/v1/session", string(login), "Content-Type", "application/json")
	if res.StatusCode != http.StatusOK || len(res.Cookies()) != 1 {
		x.t.Fatalf("%s %s", res.Status, body)
	}
	return []string{"Cookie", res.Cookies()[0].Name + "=" + res.Cookies()[0].Value}
}

// knowing is a file with what kamailio.yaml says and more.
func knowing(t *testing.T, change ...string) string {
	t.Helper()
	text, err := os.ReadFile(kamailio)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "directory.yaml")
	put(t, path, strings.NewReplacer(change...).Replace(string(text)))
	return path
}

func TestAPersonIsInvitedLogsInAndIsOutWhenTheDirectorySaysSo(t *testing.T) {
	t.Parallel()
	x := missed(t)
	c := x.config
	one := "/v1/cases/" + x.opened[0].ID
	me := x.enter("151")
	if res, body := x.send(http.MethodGet, one, "", me...); res.StatusCode != http.StatusOK {
		t.Fatalf("%s %s", res.Status, body)
	}
	if res, _ := x.send(http.MethodGet, "/v1/people", "", me...); res.StatusCode != http.StatusForbidden {
		t.Errorf("an agent sees who may log in: %s", res.Status)
	}
	// The list is no longer his: it is not there for him, in the session that is open.
	know(t, c, knowing(t, `members: "*"`, `members: 152`))
	if res, body := x.send(http.MethodGet, one, "", me...); res.StatusCode != http.StatusNotFound {
		t.Errorf("not his any more: %s %s", res.Status, body)
	}
	// He is made an admin, and then leaves.
	know(t, c, knowing(t, "id: 151\n", "id: 151\n    roles: [agent, admin]\n"))
	if res, _ := x.send(http.MethodGet, "/v1/people", "", me...); res.StatusCode != http.StatusOK {
		t.Errorf("as admin: %s", res.Status)
	}
	know(t, c, knowing(t, "id: 151\n", "id: 159\n"))
	if res, _ := x.send(http.MethodGet, one, "", me...); res.StatusCode != http.StatusUnauthorized {
		t.Errorf("of nobody: %s", res.Status)
	}
	know(t, c, kamailio)
	if err := x.remote().ChangePerson(t.Context(), "151", "disable"); err != nil {
		t.Fatal(err)
	}
	if res, _ := x.send(http.MethodGet, one, "", me...); res.StatusCode != http.StatusUnauthorized {
		t.Errorf("disabled: %s", res.Status)
	}
	if log := x.log.String(); strings.Contains(log, passphrase) || strings.Contains(log, strings.TrimPrefix(me[1], "__Host-ringback=")) {
		t.Error("the log tells a secret")
	}
}

func TestASupervisorChangesHisListAtOnce(t *testing.T) {
	t.Parallel()
	c := settings(t)
	know(t, c, knowing(t,
		"  - id: 152\n", "  - {id: boss, roles: supervisor}\n  - id: 152\n",
		"name: Callbacks\n", "name: Callbacks\n    supervisors: boss\n"))
	x := run(t, c)
	boss, agent := x.enter("boss"), x.enter("151")
	edit := func(list, body string, who []string) int {
		t.Helper()
		res, _ := x.send(http.MethodPatch, "/v1/lists/"+list, body, append([]string{"Content-Type", "application/json"}, who...)...)
		return res.StatusCode
	}
	if got := edit("callbacks", `{"members":["152"],"due_after":"30m"}`, boss); got != http.StatusOK {
		t.Fatalf("his list: %d", got)
	}
	if res, _ := x.send(http.MethodGet, "/v1/lists/callbacks", "", agent...); res.StatusCode != http.StatusNotFound {
		t.Errorf("whom he took out still sees it: %s", res.Status)
	}
	for _, row := range []struct {
		list, body string
		who        []string
		want       int
	}{
		{"support", `{"due_after":"1m"}`, boss, http.StatusNotFound},
		{"support", `{"due_after":"1m"}`, agent, http.StatusForbidden},
		{"callbacks", `{"members":["nobody"]}`, boss, http.StatusUnprocessableEntity},
		{"callbacks", `{"members":["boss"]}`, boss, http.StatusUnprocessableEntity}, // he is no agent
		{"callbacks", `{"supervisors":["boss","152"]}`, boss, http.StatusForbidden},
	} {
		if got := edit(row.list, row.body, row.who); got != row.want {
			t.Errorf("%s %s: %d, want %d", row.list, row.body, got, row.want)
		}
	}
	yaml, version, err := x.remote().Directory(t.Context())
	if err != nil || version != "2" || !strings.Contains(string(yaml), "members: [152]") || !strings.Contains(string(yaml), "due_after: 30m") {
		t.Errorf("version %s, %v:\n%s", version, err, yaml)
	}
	trail, err := x.remote().Audit(t.Context(), url.Values{"by": {"person boss"}, "action": {"directory"}}, 10)
	if err != nil || len(trail) != 1 || trail[0].Object != "list callbacks" || !strings.Contains(trail[0].Detail, "due_after 1h → 30m") || trail[0].Peer == "" {
		t.Errorf("%+v, %v", trail, err)
	}
}

func TestAPersonIsErasedFromEverything(t *testing.T) {
	t.Parallel()
	x := missed(t)
	c := x.config
	number, id := x.opened[0].Number.String(), x.opened[0].ID
	res, body := x.send(http.MethodPost, "/v1/contacts", `{"name":"Maija Meikäläinen","numbers":["`+number+`","+358501112223"]}`, asJSON...)
	if res.StatusCode != http.StatusCreated {
		t.Fatalf("%s %s", res.Status, body)
	}
	if _, body = x.send(http.MethodGet, "/v1/cases/"+id, "", asJSON...); !strings.Contains(body, "Maija Meikäläinen") {
		t.Errorf("the case does not name its contact: %s", body)
	}
	r := x.remote()
	would, err := r.Erase(t.Context(), "+358501112223", web.EraseOptions{DryRun: true})
	if err != nil || len(would.Cases) != 1 || would.Cases[0] != id || len(would.Numbers) != 2 || would.Contact == "" {
		t.Fatalf("%+v, %v", would, err)
	}
	if _, body = x.get("/v1/cases/" + id); !strings.Contains(body, id) {
		t.Fatal("a dry run erased")
	}
	gone, err := r.Erase(t.Context(), "+358501112223", web.EraseOptions{})
	if err != nil || len(gone.Cases) != 1 {
		t.Fatalf("%+v, %v", gone, err)
	}
	if status, _ := x.get("/v1/cases/" + id); status != http.StatusNotFound {
		t.Errorf("the case: %d", status)
	}
	if status, _ := x.get("/v1/contacts/" + would.Contact); status != http.StatusNotFound {
		t.Errorf("the contact: %d", status)
	}
	trail, err := r.Audit(t.Context(), url.Values{}, 1000)
	if err != nil {
		t.Fatal(err)
	}
	told, err := json.Marshal(trail)
	if err != nil {
		t.Fatal(err)
	}
	if s := string(told); !strings.Contains(s, `"data.erase"`) || !strings.Contains(s, id) || strings.Contains(s, "Maija") || strings.Contains(s, number[4:]) {
		t.Errorf("the trail: %s", s)
	}
	if n, err := r.VerifyAudit(t.Context()); err != nil || n != len(trail) {
		t.Errorf("%d of %d entries, %v", n, len(trail), err)
	}
	if err := x.stop(); err != nil {
		t.Fatal(err)
	}
	readAll(t, c, func(key, value []byte) {
		if all := string(key) + string(value); strings.Contains(all, "Maija") || strings.Contains(all, "meikalainen") || strings.Contains(all, "501112223") {
			t.Errorf("left in the store: %q %q", key, value)
		}
	})
}

// readAll opens the store of a daemon that has stopped.
func readAll(t *testing.T, c *configs.Config, see func(key, value []byte)) {
	t.Helper()
	st, err := store.Open(store.Options{Dir: filepath.Join(c.DataDir, "store"), Reserve: -1})
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	if err := st.View(func(s *store.Snapshot) error {
		for k, v := range s.Scan(store.Range{}) {
			see(k, v)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}

func TestAnErasureThatWasCutOffIsFinishedAtTheNextStart(t *testing.T) {
	t.Parallel()
	x := missed(t)
	c := x.config
	number, id := x.opened[0].Number, x.opened[0].ID
	if err := x.stop(); err != nil {
		t.Fatal(err)
	}
	// What the store holds when the daemon died between beginning and end.
	st, err := store.Open(store.Options{Dir: filepath.Join(c.DataDir, "store"), Reserve: -1})
	if err != nil {
		t.Fatal(err)
	}
	st.Handle("test.set", func(tx *store.Tx, cmd store.Command) (any, error) {
		tx.Set(store.Key("erasure", "cut"), cmd.Data.([]byte))
		return nil, nil
	})
	record, err := json.Marshal(map[string]any{"id": "cut", "numbers": []string{number.String()}, "by": map[string]string{"Kind": "socket", "ID": "root"}, "at": time.Now()})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := st.Do(t.Context(), store.Command{Kind: "test.set", Data: record}); err != nil {
		t.Fatal(err)
	}
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}
	again := run(t, c)
	again.await("the erasure", func() bool {
		return strings.Contains(again.log.String(), "an erasure that was interrupted is finished")
	})
	again.await("the API", func() bool { return again.API() != nil })
	if status, _ := again.get("/v1/cases/" + id); status != http.StatusNotFound {
		t.Errorf("the case: %d", status)
	}
	trail, err := again.remote().Audit(t.Context(), url.Values{"action": {"data.erase"}}, 10)
	if err != nil || len(trail) != 1 || trail[0].By != "socket root" || !strings.Contains(trail[0].Detail, id) {
		t.Errorf("%+v, %v", trail, err)
	}
}
