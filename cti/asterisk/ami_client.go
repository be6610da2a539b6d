package asterisk

import (
	"bufio"
	"context"
	"crypto/md5" //nolint:gosec // AMI's challenge knows no other (manager.conf, AuthType MD5)
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"time"

	"ringback/cti"
)

// AMIOptions say where an AMI is. Required are all but TLS and Gap.
type AMIOptions struct {
	Address string // host:port
	User    string
	Secret  func() (string, error) // asked for at every connection, so that it can be changed
	TLS     *tls.Config            // nil: no TLS
	Feed    *cti.Feed
	Gap     func(from, to time.Time) // told of the time in which nothing was heard
}

// Bounds of what AMI sends.
const (
	maxHeader  = 64 << 10
	maxHeaders = 512
)

// wanted are the events that tell something.
var wanted = []string{
	"Newchannel", "Newstate", "NewCallerid", "NewConnectedLine", "Newexten", "LocalBridge", "DialBegin", "DialState", "DialEnd",
	"HangupRequest", "SoftHangupRequest", "Hangup", "BridgeEnter", "BridgeLeave", "Hold", "Unhold", "MessageWaiting",
	"QueueCallerJoin", "QueueCallerAbandon", "QueueCallerLeave",
}

// amiConn is one connection to an AMI.
type amiConn struct {
	conn   net.Conn
	in     *bufio.Reader
	mu     sync.Mutex // of writing
	queued []AMI      // events that came while an answer was waited for
}

// ServeAMI hears the events of AMI until ctx ends, connecting again whenever the connection is lost. At
// every connection all channels are read. It returns nil after ctx ended.
func (p *PBX) ServeAMI(ctx context.Context, o AMIOptions) error {
	return p.keep(ctx, o.Feed.Health().Name, o.Feed, func(ctx context.Context) error { return p.ami(ctx, &o) })
}

func (p *PBX) ami(ctx context.Context, o *AMIOptions) error {
	secret, err := o.Secret()
	if err != nil {
		return err
	}
	c, err := dialAMI(ctx, o)
	if err != nil {
		return err
	}
	defer c.conn.Close()
	stop := context.AfterFunc(ctx, func() { _ = c.conn.Close() })
	defer stop()
	if err := c.login(o, secret); err != nil {
		return err
	}
	if err := c.checkChannelVars(); err != nil {
		return err
	}
	channels, bridges, err := c.channels()
	if err != nil {
		return err
	}
	now := time.Now()
	told := false
	p.do(now, func(m *Model) {
		told = m.o.CallIDs
		m.Resync(now, channels, bridges)
	})
	if down := o.Feed.Rise(now); !down.IsZero() && o.Gap != nil {
		o.Gap(down, now)
	}
	p.logger.Info("feed is up", "feeds", o.Feed.Health().Name)
	for _, e := range c.queued {
		p.amiEvent(o, e)
	}
	c.queued = nil
	defer p.attach(c)()
	if !told { // else ARI asks
		var beside sync.WaitGroup
		defer beside.Wait()
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		beside.Go(func() { p.askAMI(ctx) })
	}
	return p.hearAMI(ctx, c, o)
}

// hearAMI reads events, and asks for a sign of life when none came for a while.
func (p *PBX) hearAMI(ctx context.Context, c *amiConn, o *AMIOptions) error {
	asked := false
	for {
		err := c.wait(pingEvery)
		if timeout, ok := errors.AsType[net.Error](err); ok && timeout.Timeout() && !asked {
			asked = true
			if err := c.send("Ping"); err != nil {
				return err
			}
			continue
		}
		var e AMI
		if err == nil {
			e, err = c.read()
		}
		if err != nil {
			return fmt.Errorf("asterisk: the connection to AMI at %s was lost: %w", o.Address, err)
		}
		asked = false
		if ctx.Err() != nil {
			return ctx.Err()
		}
		switch {
		case e["Event"] != "":
			p.amiEvent(o, e)
		case e["ActionID"] != "":
			p.answered(e)
		}
	}
}

func (p *PBX) amiEvent(o *AMIOptions, e AMI) {
	now := time.Now()
	p.do(now, func(m *Model) { o.Feed.Event(m.AMI(e, now), now) })
}

func dialAMI(ctx context.Context, o *AMIOptions) (*amiConn, error) {
	dialer := &net.Dialer{Timeout: dialTimeout}
	var conn net.Conn
	var err error
	if o.TLS != nil {
		conn, err = (&tls.Dialer{NetDialer: dialer, Config: o.TLS}).DialContext(ctx, "tcp", o.Address)
	} else {
		conn, err = dialer.DialContext(ctx, "tcp", o.Address)
	}
	if err != nil {
		return nil, fmt.Errorf("asterisk: connecting to AMI at %s: %w", o.Address, err)
	}
	c := &amiConn{conn: conn, in: bufio.NewReaderSize(conn, maxHeader)}
	_ = conn.SetReadDeadline(time.Now().Add(dialTimeout))
	hello, err := c.in.ReadSlice('\n')
	if err != nil || !strings.HasPrefix(string(hello), "Asterisk Call Manager") {
		_ = conn.Close()
		return nil, fmt.Errorf("asterisk: %s does not speak AMI: %w", o.Address, errors.Join(err, ErrEvent))
	}
	return c, nil
}

// wait waits until something comes, but no longer than patience, and gives what comes then the time to be
// whole. A time-out takes nothing of what is there.
func (c *amiConn) wait(patience time.Duration) error {
	if err := c.conn.SetReadDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	if _, err := c.in.Peek(1); err != nil {
		return err
	}
	return c.conn.SetReadDeadline(time.Now().Add(dialTimeout))
}

// read reads an event or an answer.
func (c *amiConn) read() (AMI, error) {
	e := AMI{}
	for range maxHeaders {
		line, err := c.in.ReadSlice('\n')
		if err != nil {
			return nil, err
		}
		text := strings.TrimRight(string(line), "\r\n")
		if text == "" {
			if len(e) > 0 {
				return e, nil
			}
			continue
		}
		name, value, ok := strings.Cut(text, ":")
		if !ok {
			continue
		}
		value = strings.TrimPrefix(value, " ")
		if old, again := e[name]; again {
			value = old + "\n" + value
		}
		e[name] = value
	}
	return nil, fmt.Errorf("%w: more than %d headers", ErrEvent, maxHeaders)
}

// send sends an action with its headers, name and value in turn. What would break a line is left out.
func (c *amiConn) send(action string, headers ...string) error {
	var b strings.Builder
	b.WriteString("Action: " + action + "\r\n")
	clean := strings.NewReplacer("\r", "", "\n", " ")
	for i := 0; i+1 < len(headers); i += 2 {
		b.WriteString(headers[i] + ": " + clean.Replace(headers[i+1]) + "\r\n")
	}
	b.WriteString("\r\n")
	c.mu.Lock()
	defer c.mu.Unlock()
	_ = c.conn.SetWriteDeadline(time.Now().Add(dialTimeout))
	_, err := io.WriteString(c.conn, b.String())
	return err
}

// ask sends an action and waits for its answer; events that come before are kept.
func (c *amiConn) ask(action string, headers ...string) (AMI, error) {
	if err := c.send(action, headers...); err != nil {
		return nil, err
	}
	if err := c.conn.SetReadDeadline(time.Now().Add(dialTimeout)); err != nil {
		return nil, err
	}
	for {
		e, err := c.read()
		if err != nil {
			return nil, fmt.Errorf("asterisk: waiting for AMI's answer to %s: %w", action, err)
		}
		if e["Response"] != "" {
			return e, nil
		}
		c.queued = append(c.queued, e)
	}
}

// login proves who we are without sending the secret, and asks for the events that matter alone.
func (c *amiConn) login(o *AMIOptions, secret string) error {
	challenge, err := c.ask("Challenge", "AuthType", "MD5")
	if err != nil {
		return err
	}
	sum := md5.Sum([]byte(challenge["Challenge"] + secret)) //nolint:gosec // as above
	answer, err := c.ask("Login", "AuthType", "MD5", "Username", o.User, "Key", hex.EncodeToString(sum[:]), "Events", "on")
	if err != nil {
		return err
	}
	if answer["Response"] != "Success" {
		return fmt.Errorf("%w by AMI at %s: see the user in manager.conf, its permit and its secret", ErrRefused, o.Address)
	}
	// Needs the privilege system; without it more comes than is needed. So it does from a version that knows no
	// MatchCriteria and takes none for all.
	for _, name := range wanted {
		if answer, err = c.ask("Filter", "Operation", "Add", "MatchCriteria", "action(include),name("+name+")"); err != nil {
			return err
		}
		if answer["Response"] != "Success" {
			// The older kind is looked for in the whole of an event, whose end is no line's.
			if answer, err = c.ask("Filter", "Operation", "Add", "Filter", "Event: "+name); err != nil || answer["Response"] != "Success" {
				return err
			}
		}
	}
	return nil
}

// checkChannelVars refuses an Asterisk that its own configuration will hang, where it may be read (the
// privilege config).
func (c *amiConn) checkChannelVars() error {
	answer, err := c.ask("GetConfig", "Filename", "manager.conf", "Category", "general")
	if err != nil {
		return err
	}
	for _, value := range answer {
		name, list, _ := strings.Cut(strings.ToLower(strings.ReplaceAll(value, " ", "")), "=")
		if name == "channelvars" && strings.Contains(list, "channel(pjsip,call-id)") {
			return ErrChannelVars
		}
	}
	return nil
}

// channels reads all channels there are.
func (c *amiConn) channels() (channels []Channel, bridges []Bridge, err error) {
	answer, err := c.ask("CoreShowChannels", "ActionID", "ringback-channels")
	if err != nil || answer["Response"] != "Success" {
		return nil, nil, errors.Join(err, refusal(answer))
	}
	rooms := map[string]int{}
	for {
		e, err := c.read()
		if err != nil {
			return nil, nil, fmt.Errorf("asterisk: reading the channels by AMI: %w", err)
		}
		switch {
		case e["ActionID"] != "ringback-channels":
			c.queued = append(c.queued, e)
			continue
		case e["Event"] == "CoreShowChannelsComplete":
			return channels, bridges, nil
		case e["Event"] != "CoreShowChannel":
			continue
		}
		ch := e.channel("")
		ch.App = e["Application"]
		ch.Created = e.since(time.Now())
		channels = append(channels, ch)
		if id := e["BridgeId"]; id != "" {
			i, ok := rooms[id]
			if !ok {
				i, rooms[id] = len(bridges), len(bridges)
				bridges = append(bridges, Bridge{ID: id})
			}
			bridges[i].Channels = append(bridges[i].Channels, ch.ID)
		}
	}
}

func refusal(answer AMI) error {
	if answer == nil || answer["Response"] == "Success" {
		return nil
	}
	return fmt.Errorf("asterisk: AMI does not show its channels: %s", answer["Message"])
}
