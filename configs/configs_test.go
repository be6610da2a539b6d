package configs_test

import (
	"errors"
	"io/fs"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"ringback/configs"
)

var values = cmp.Options{cmpopts.EquateComparable(netip.Prefix{}, netip.AddrPort{}), cmpopts.EquateEmpty()}

func TestExampleIsTheDefault(t *testing.T) {
	c, err := configs.Load("examples/ringback.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(configs.Default(), c, values); diff != "" {
		t.Error(diff)
	}
}

func TestNothingSetIsTheDefault(t *testing.T) {
	for name, text := range map[string]string{
		"an empty file":               "",
		"comments only":               "# nothing\n# here\n",
		"a document mark only":        "---\n",
		"a section with all keys out": "hep:\n  # udp: []\nlog:\n",
	} {
		c, err := configs.Parse("x.yaml", []byte(text))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if diff := cmp.Diff(configs.Default(), c, values); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestDefaultsAreValid(t *testing.T) {
	if err := configs.Default().Validate(); err != nil {
		t.Error(err)
	}
}

func TestWhatIsShownReadsBack(t *testing.T) {
	c := configs.Default()
	c.OwnAddresses = []netip.AddrPort{netip.MustParseAddrPort("203.0.113.9:5066"), netip.MustParseAddrPort("[2001:db8::9]:5066")}
	c.HEP.UDP = []configs.Address{"[::1]:9060", "pbx-watch.example.com:9060"}
	c.HEP.ReceiveBuffer = 65537
	c.Tap = configs.Tap{Interface: "null", Ports: []uint16{5060, 5080}}
	c.Tracker.Settle = 1500 * time.Millisecond
	c.Hints.User, c.Hints.PasswordFile = `o'hara "x" #1: true`, "/etc/with space"
	c.Hints.From = "sip:ringback@[2001:db8::1]:5060"
	c.Hints.Proxy = "sips:pbx.example.com;transport=tcp"
	c.Asterisks = []configs.Asterisk{{
		PBX: "main", Trunks: []string{"a=b"}, ARIURL: "http://10.20.0.10:8088/ari", ARIUser: "ringback", ARIPasswordFile: "/p",
		AMIAddress: "[2001:db8::1]:5038", AMIUser: "x: y", AMISecretFile: "/s", AMITLS: true,
	}}
	c.DialogEvents = []configs.DialogEvents{{PBX: "main", URIs: []string{"sip:+35893100100@[2001:db8::1]"}, Expires: time.Hour, Queues: []string{"a=b"}}}
	c.CallHooks = []configs.CallHook{{ID: "cloud", PBX: "main", TokenFile: "/t", SecretFiles: []string{"/with space"}}}
	c.Webhooks = []configs.Webhook{
		{ID: "crm", URL: "https://crm.example.com/hooks?a=b,c&d={e}", SecretFiles: []string{"/etc/ringback/crm.secret", "/with space"}},
		{
			ID: "own", URL: "http://10.20.0.1/", SecretFiles: []string{"/s"}, Events: []string{"case.*", "hint.raised"}, Lists: []string{"a: b"},
			AllowNetworks: []netip.Prefix{netip.MustParsePrefix("10.20.0.0/16")}, Timeout: 3 * time.Second, GiveUp: time.Hour,
		},
	}

	read, err := configs.Parse("shown", []byte(c.YAML()))
	if err != nil {
		t.Fatalf("%v\n%s", err, c.YAML())
	}
	if diff := cmp.Diff(c, read, values); diff != "" {
		t.Error(diff)
	}
}

// TestMistakes shows an operator's mistakes and, word for word, what he is told.
func TestMistakes(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{
			"unknown section",
			"hepp:\n  udp: [\":9060\"]\n",
			`f.yaml:1:1: hepp is no setting; did you mean hep?`,
		},
		{
			"unknown key deep inside",
			"log:\n  level: info\nhep:\n  upd: [\":9060\"]\n",
			`f.yaml:4:3: hep.upd is no setting; did you mean udp?`,
		},
		{
			"unknown key like no other",
			"log:\n  zzzzzzzz: 1\n",
			`f.yaml:2:3: log.zzzzzzzz is no setting; known are level, format`,
		},
		{
			"several at once, in the order of the file",
			"tracker:\n  settle: 2\n  drop_127: maybe\n  max_calls: many\nlog:\n  level: inof\n",
			`f.yaml:2:11: tracker.settle: "2" is no duration; it has no unit, write 2s, 2m or 2h
f.yaml:3:13: tracker.drop_127: "maybe" is neither; write true or false
f.yaml:4:14: tracker.max_calls: "many" is no whole number that fits; write digits only, as 1000
f.yaml:6:10: log.level: "inof" is not known here; did you mean info?`,
		},
		{
			"webhooks",
			"webhooks:\n  - id: CRM\n    url: crm.example.com\n  - id: a\n    url: https://a.example\n    secret_files: [/s]\n    allow_networks: [10.0.0.1/8]\n" +
				"  - {id: a, url: 'ftp://a.example', secret_files: [/s], timeout: 2m, give_up: 1000h, retry: 3}\n",
			`f.yaml:8:86: webhooks[2].retry is no setting; known are id, url, secret_files, events, lists, allow_networks, timeout, give_up`,
		},
		{
			"asterisks that cannot be",
			"asterisks:\n  - pbx: a\n  - pbx: a\n    trunks: [x]\n    ari_url: pbx:8088\n    ami_address: pbx\n",
			`f.yaml:2:8: asterisks[0]: has no way to hear it; set ari_url, ami_address or both
f.yaml:3:5: asterisks[1].pbx: a is asterisks[0] already; give both interfaces there
f.yaml:3:8: asterisks[1].ari_user: is empty; name the user of ari.conf
f.yaml:3:8: asterisks[1].ari_password_file: is empty; name the file with the user's password
f.yaml:3:8: asterisks[1].ami_user: is empty; name the user of manager.conf
f.yaml:3:8: asterisks[1].ami_secret_file: is empty; name the file with the user's secret
f.yaml:4:14: asterisks[1].trunks[0]: "x" is no pair; write it as endpoint=trunk
f.yaml:5:5: asterisks[1].ari_url: "pbx:8088" is no address of an ARI; write it as http://10.20.0.10:8088/ari
f.yaml:6:5: asterisks[1].ami_address: "pbx" is no host and port; write it as 10.20.0.10:5038`,
		},
		{
			"accounts that cannot be",
			"phone:\n  enabled: true\n  udp: [':5066']\n  peers: [10.0.0.1/8]\n  max_calls: 0\n  accounts:\n  - {pbx: a, uri: ringback, user: x, expires: 1s}\n  - {pbx: a, uri: 'sip:r@a', server: 'tcp:a'}\n",
			`f.yaml:3:3: phone.udp: :5066 is an address of hints.udp too; choose another port, as what comes from there is no call
f.yaml:4:3: phone.peers: 10.0.0.1/8 has bits beyond its length; write 10.0.0.0/8
f.yaml:5:3: phone.max_calls: 0 is out of range; write from 1 to 10000
f.yaml:7:14: phone.accounts[0].uri: "ringback" is no SIP URI; write it as sip:ringback@pbx.example.com
f.yaml:7:29: phone.accounts[0].user: a user needs a password; set phone.accounts[0].password_file
f.yaml:7:38: phone.accounts[0].expires: 1s is out of range; write 1m to 24h
f.yaml:8:6: phone.accounts[1].pbx: a is phone.accounts[0] already; one account at a PBX is enough
f.yaml:8:30: phone.accounts[1].server: "tcp:a" is no SIP URI; write it as sip:10.20.0.10:5060;transport=tcp`,
		},
		{
			"ways of hints that cannot be",
			"asterisks:\n  - pbx: a\n    ari_url: http://pbx:8088/ari\n    ari_user: x\n    ari_password_file: /dev/null\n    hint_ways: [message, sms, send_text, message]\n",
			`f.yaml:6:26: asterisks[0].hint_ways[1]: "sms" is no way of a hint; write message, send_text or message_send
f.yaml:6:31: asterisks[0].hint_ways[2]: send_text goes by AMI; set asterisks[0].ami_address
f.yaml:6:42: asterisks[0].hint_ways[3]: message is there twice`,
		},
		{
			"dialog events and call hooks that cannot be",
			"dialog_events:\n  - uris: [\"tel:1\"]\n    user: x\n    expires: 1s\n    queues: [a]\ncall_hooks:\n  - id: A\n    pbx: a\n",
			`f.yaml:2:9: dialog_events[0].pbx: is empty; name the PBX of the directory that it is
f.yaml:2:12: dialog_events[0].uris[0]: "tel:1" is no SIP URI of a service or an agent; write it as sip:+35893100100@pbx.example.com
f.yaml:3:5: dialog_events[0].user: a user needs a password; set dialog_events[0].password_file
f.yaml:4:5: dialog_events[0].expires: 1s is out of range; write 1m to 24h
f.yaml:5:14: dialog_events[0].queues[0]: "a" is no pair; write it as hint=service
f.yaml:7:5: call_hooks[0].id: "A" is no name; write small letters, digits, dots and dashes, as cloud
f.yaml:7:7: call_hooks[0]: anybody could forge its calls; set token_file or secret_files`,
		},
		{
			"webhooks that cannot be",
			"webhooks:\n  - id: CRM\n    url: crm.example.com\n  - id: a\n    url: https://a.example\n    secret_files: [/s]\n    allow_networks: [10.0.0.1/8]\n" +
				"  - {id: a, url: 'ftp://a.example', secret_files: [/s], timeout: 2m, give_up: 1000h}\n",
			`f.yaml:2:5: webhooks[0].id: "CRM" is no name; write small letters, digits, dots and dashes, as crm
f.yaml:2:7: webhooks[0].secret_files: is empty; name a file with a signing secret, so that the receiver can tell our messages from forged ones
f.yaml:3:5: webhooks[0].url: "crm.example.com" is no address of a web server; write it as https://crm.example.com/hooks
f.yaml:7:22: webhooks[1].allow_networks[0]: 10.0.0.1/8 has bits beyond its length; write 10.0.0.0/8
f.yaml:8:6: webhooks[2].id: a is the name of webhooks[1] too; choose another
f.yaml:8:13: webhooks[2].url: "ftp://a.example" is no address of a web server; write it as https://crm.example.com/hooks
f.yaml:8:57: webhooks[2].timeout: 2m0s is out of range; write 0s to 1m
f.yaml:8:70: webhooks[2].give_up: 1000h0m0s is out of range; write 0s to 720h`,
		},
		{
			"addresses",
			"hep:\n  udp: [9060, \"10.0.0.300:9060\", \":99999\", \"a b:1\"]\nweb:\n  listen: localhost\n",
			`f.yaml:2:9: hep.udp[0]: "9060" is no socket address; for port 9060 of every address of this machine write ":9060"
f.yaml:2:15: hep.udp[1]: "10.0.0.300" is neither an IP address nor a host name; write host:port, as 127.0.0.1:9060
f.yaml:2:34: hep.udp[2]: "99999" is no port; write a number from 0 to 65535
f.yaml:2:44: hep.udp[3]: "a b" is neither an IP address nor a host name; write host:port, as 127.0.0.1:1
f.yaml:4:11: web.listen: "localhost" is no socket address; write host:port, as "127.0.0.1:8080", "[::1]:8080" or ":8080" for every address of this machine`,
		},
		{
			"networks and own addresses",
			"own_addresses: [203.0.113.9]\nhep:\n  allow: [192.0.2.1, ten, 2001:db8::1]\n",
			`f.yaml:1:17: own_addresses[0]: "203.0.113.9" is no address with a port; write it as 192.0.2.9:5066 or [2001:db8::9]:5066
f.yaml:3:11: hep.allow[0]: 192.0.2.1 lacks its length; write 192.0.2.1/32 for this address alone
f.yaml:3:22: hep.allow[1]: "ten" is no network; write an address and a length, as 192.0.2.0/24 or 2001:db8::/32
f.yaml:3:27: hep.allow[2]: 2001:db8::1 lacks its length; write 2001:db8::1/128 for this address alone`,
		},
		{
			"a network with bits beyond its length",
			"hep:\n  allow:\n    - 192.0.2.1/24\n",
			`f.yaml:3:7: hep.allow[0]: 192.0.2.1/24 has bits beyond its length; write 192.0.2.0/24`,
		},
		{
			"a list where one value belongs, and the other way round",
			"data_dir: [a]\nhep:\n  udp: \":9060\"\nlog: text\ntracker:\n  settle: {a: 1}\n",
			`f.yaml:1:11: data_dir: here stands a list; write a single value, "" for none
f.yaml:3:8: hep.udp: here stands a single value; write a list, as [a, b], or [] for none
f.yaml:4:6: log: here stands a single value; write one "key: value" a line, indented under log
f.yaml:6:11: tracker.settle: here stands a group of keys (a colon outside quotes can make one); write a duration, as 20ms, 2s, 5m or 12h`,
		},
		{
			"the file is a list",
			"- a\n- b\n",
			`f.yaml:1:1: here stands a list; write one "key: value" a line, indented under the file`,
		},
		{
			"a key without a value",
			"data_dir:\n",
			`f.yaml:1:11: data_dir: here stands nothing; write a single value, "" for none`,
		},
		{
			"sizes and numbers out of range",
			"hep:\n  receive_buffer: 32\nstore:\n  disk_reserve: 99999999TiB\ntap:\n  ports: [70000]\n",
			`f.yaml:2:19: hep.receive_buffer: "32" is no size; write a whole number and a unit, as 64KiB, 32MiB or 1GiB
f.yaml:4:17: store.disk_reserve: "99999999TiB" is no size; write a whole number and a unit, as 64KiB, 32MiB or 1GiB
f.yaml:6:11: tap.ports[0]: "70000" does not fit; write a whole number from 0 to 65535`,
		},
		{
			"a truth value where text belongs",
			"hints:\n  user: true\n",
			`f.yaml:2:9: hints.user: true is a truth value here; for the text write it in quotes, as "true"`,
		},
		{
			"a secret in the file itself",
			"hints:\n  password: hunter2\n",
			`f.yaml:2:3: hints.password is no setting; did you mean password_file?`,
		},
		{
			"a key twice",
			"log:\n  level: info\n  level: warn\n",
			`f.yaml:3:3: log.level was set in line 2 already; keep one of them`,
		},
		{
			"no YAML",
			"log: [\n",
			"f.yaml:1:6: sequence end token ']' not found; this is no YAML, compare with `ringback config default`",
		},
		{
			"a tab",
			"log:\n\tlevel: info\n",
			"f.yaml:2:1: found character '\t' that cannot start any token; this is no YAML, compare with `ringback config default`",
		},
		{
			"an alias",
			"data_dir: &d /a\nadmin:\n  socket: *d\n",
			`f.yaml:1:11: data_dir: anchors, aliases and tags are not read here; write the value itself
f.yaml:3:11: admin.socket: anchors, aliases and tags are not read here; write the value itself`,
		},
		{
			"two documents",
			"log:\n  level: info\n---\nlog:\n  level: warn\n",
			`f.yaml:4:4: a second document starts here; keep all settings in one, without a line of ---`,
		},
		{
			"values that cannot be together",
			"hep:\n  udp: []\nhints:\n  user: ringback\n  from: ringback\nweb:\n  listen: 127.0.0.1:8081\n  tls_cert_file: /x\ndata_dir: data\n",
			`f.yaml:1:1: hep: nothing is watched; give an address in hep.udp, hep.tcp or hep.tls, an interface in tap.interface, or a PBX in asterisks, dialog_events or call_hooks
f.yaml:4:3: hints.user: a user needs a password; set hints.password_file
f.yaml:5:3: hints.from: "ringback" is no SIP URI; write it as sip:ringback@pbx.example.com
f.yaml:8:3: web.tls_cert_file: a certificate needs its private key; set web.tls_key_file
f.yaml:9:1: data_dir: "data" depends on where the daemon is started; write the whole path, from / on
f.yaml: admin.listen: 127.0.0.1:8081 is the address of web.listen too; choose another port`,
		},
		{
			"times that cannot be",
			"tracker:\n  settle: 10m\n  lost: 5m\n  max_wait: -1s\n  max_calls: 0\nstore:\n  commit_window: 2s\n",
			`f.yaml:2:3: tracker.settle: 10m0s delays every case by as much; write at most 1m
f.yaml:3:3: tracker.lost: 5m0s is not longer than tracker.settle, 10m0s; make it longer
f.yaml:4:3: tracker.max_wait: -1s is no time to wait; write more than 0s
f.yaml:5:3: tracker.max_calls: 0 leaves room for none; write at least 1
f.yaml:7:3: store.commit_window: 2s is out of range; write 0s to 1s, as cases must be told within a second`,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := configs.Parse("f.yaml", []byte(c.text))
			if err == nil {
				t.Fatal("was taken without a word")
			}
			if diff := cmp.Diff(c.want, err.Error()); diff != "" {
				t.Error(diff)
			}
			if _, ok := errors.AsType[*configs.Problem](err); !ok {
				t.Errorf("%T holds no *Problem", err)
			}
		})
	}
}

func TestMissingFileIsToldApart(t *testing.T) {
	_, err := configs.Load(filepath.Join(t.TempDir(), "none.yaml"))
	if !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v, want fs.ErrNotExist", err)
	}
}

func TestReloadTellsWhatNeedsARestart(t *testing.T) {
	running, loaded := configs.Default(), configs.Default()
	if changed, restart := configs.Reload(running, loaded); changed != nil || restart != nil {
		t.Errorf("nothing changed, got %v and %v", changed, restart)
	}
	loaded.Log.Level = configs.LogLevel(slog.LevelDebug)
	loaded.HEP.AuthKeysFile = "/etc/ringback/hep.passwords"
	loaded.HEP.UDP = append(loaded.HEP.UDP, ":9070")
	loaded.DataDir = "/elsewhere"
	changed, restart := configs.Reload(running, loaded)
	if diff := cmp.Diff([]string{"log.level", "hep.auth_keys_file"}, changed); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"data_dir", "hep.udp"}, restart); diff != "" {
		t.Error(diff)
	}
}

func TestFilesAreLookedAt(t *testing.T) {
	dir := t.TempDir()
	write := func(name string, mode fs.FileMode) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte("secret\n"), mode); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	password, open := write("hep.password", 0o640), write("sip.password", 0o644)
	missing, file := filepath.Join(dir, "tokens"), filepath.Join(dir, "r.yaml")
	check := func(text string) error {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return configs.Check(file)
	}

	err := check("web:\n  tokens_file: " + missing + "\nhep:\n  auth_keys_file: " + password +
		"\nhints:\n  user: u\n  tls_ca_file: " + dir + "\n  password_file: " + open + "\n")
	if err == nil {
		t.Fatal("found nothing")
	}
	want := strings.Join([]string{
		file + ":2:3: web.tokens_file: open " + missing + ": no such file or directory; create the file or correct the path",
		file + ":7:3: hints.tls_ca_file: " + dir + " is a folder; name a file",
		file + ":8:3: hints.password_file: " + open + " can be read or changed by others (-rw-r--r--); run chmod 600 " + open,
	}, "\n")
	if diff := cmp.Diff(want, err.Error()); diff != "" {
		t.Error(diff)
	}
	if err := check("hep:\n  auth_keys_file: " + password + "\n"); err != nil {
		t.Errorf("a file that owner and group may read gave %v", err)
	}
	if err := check("hep: 1\n"); err == nil {
		t.Error("what Load refuses was taken")
	}
}

func TestSecretsAreTheLinesOfTheirFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "secret")
	for text, want := range map[string][]string{
		"s3cret":                   {"s3cret"},
		"s3cret\n":                 {"s3cret"},
		" s3 cret \r\n\nanother\n": {" s3 cret ", "another"},
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := configs.Secrets(path)
		if err != nil {
			t.Errorf("%q: %v", text, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q: %s", text, diff)
		}
	}
	if err := os.WriteFile(path, []byte("\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := configs.Secrets(path); !errors.Is(err, configs.ErrEmptySecret) {
		t.Errorf("an empty file gave %v", err)
	}
	if got, err := configs.Secrets(""); got != nil || err != nil {
		t.Errorf("no path gave %q, %v", got, err)
	}
}

// FuzzParse: any text is either a valid configuration, which reads back from what is shown of it, or a
// list of problems that all have a text.
func FuzzParse(f *testing.F) {
	f.Add(configs.Example)
	f.Add("log: {level: info}\nhep: {udp: ['[::1]:9060'], allow: [::1/128]}\n")
	f.Add("? a\n: b\n<<: *x\n- 1\n!!str x: |\n  y\n")
	f.Add("store:\n  disk_reserve: 1KiB\nhep:\n  udp: [null, ~, '']\ntap: {ports: [-1]}")
	f.Fuzz(func(t *testing.T, text string) {
		c, err := configs.Parse("f", []byte(text))
		if err != nil {
			problems, ok := errors.AsType[configs.Problems](err)
			if !ok || len(problems) == 0 {
				t.Fatalf("%T without a problem: %v", err, err)
			}
			for _, p := range problems {
				if p.Text == "" || strings.Contains(p.Text, "\n") {
					t.Errorf("a problem of no line or of several: %q", p.Text)
				}
			}
			return
		}
		again, err := configs.Parse("shown", []byte(c.YAML()))
		if err != nil {
			t.Fatalf("what is shown does not read back: %v\n%s", err, c.YAML())
		}
		if diff := cmp.Diff(c, again, values); diff != "" {
			t.Error(diff)
		}
	})
}
