package sip_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"testing"

	"ringback/sip"
)

func TestParseNumberTakesOnlyWhatStringWrites(t *testing.T) {
	for _, s := range []string{"+358401234561", "+1212", "+12345", "+123456789012345", "+390612345678"} {
		n, err := sip.ParseNumber(s)
		if len(s) < 6 {
			if !errors.Is(err, sip.ErrNumber) {
				t.Errorf("%s is too short, yet %v, %v", s, n, err)
			}
			continue
		}
		if err != nil || n.String() != s {
			t.Errorf("%s is %s, %v", s, n, err)
		}
	}
	for _, s := range []string{"", "+", "358401234561", "+0401234561", "+35840123456a", "+1234567890123456", "+358 40", "++3584012345", "+٣٥٨٤٠"} {
		if n, err := sip.ParseNumber(s); n != 0 || !errors.Is(err, sip.ErrNumber) {
			t.Errorf("%q is %s, %v", s, n, err)
		}
	}
}

func TestNumberGoesThroughJSONAsText(t *testing.T) {
	type record struct{ A, B sip.Number }
	b, err := json.Marshal(record{A: 358401234561})
	if err != nil || string(b) != `{"A":"+358401234561","B":""}` {
		t.Fatalf("%s, %v", b, err)
	}
	got := record{B: 1}
	if err := json.Unmarshal(b, &got); err != nil || got != (record{A: 358401234561}) {
		t.Errorf("%+v, %v", got, err)
	}
	if err := json.Unmarshal([]byte(`{"A":"0401234561"}`), &got); !errors.Is(err, sip.ErrNumber) {
		t.Errorf("a national number: %v", err)
	}
}

func TestNumberShowsLogsItsLastDigitsOnly(t *testing.T) {
	var log bytes.Buffer
	logger := slog.New(slog.NewTextHandler(&log, nil))
	logger.Info("seen", "number", sip.Number(358401234061))
	logger.Info("seen", "number", sip.Number(0))
	if s := log.String(); !strings.Contains(s, "number=…061") || strings.Contains(s, "4061") || !strings.Contains(s, `number=""`) {
		t.Error(s)
	}
}

func TestNumbersThatMayBeTheSameHaveNineDigitsInCommon(t *testing.T) {
	tests := []struct {
		a, b sip.Number
		want bool
	}{
		{358401234561, 358401234561, true},
		{358401234561, 46401234561, true},
		{358401234561, 401234561, true},
		{358401234561, 358401234562, false},
		{358401234561, 358501234561, false},
		{358401234561, 1234561, false},
		{1234561, 1234561, false},
		{0, 0, false},
		{358401234561, 0, false},
	}
	for _, tt := range tests {
		if got := tt.a.Maybe(tt.b); got != tt.want {
			t.Errorf("%s and %s: %v", tt.a, tt.b, got)
		}
		if got := tt.b.Maybe(tt.a); got != tt.want {
			t.Errorf("%s and %s: %v", tt.b, tt.a, got)
		}
	}
}
