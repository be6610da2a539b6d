package bench

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"time"
)

// ReplayOptions say how to measure a capture file.
type ReplayOptions struct {
	Program string // this binary
	Calls   int    // 100 000 are 1.28 M messages
	Runs    int
	Out     io.Writer
}

// reader is a program that reads the capture file: Ringback, or a peer.
type reader struct {
	name string
	args []string
}

// Replay measures how long a capture file takes, against the peers that are installed.
func Replay(ctx context.Context, o ReplayOptions) (err error) {
	dir, err := os.MkdirTemp("", "ringback-bench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	file, directory := filepath.Join(dir, "load.pcap"), filepath.Join(dir, "directory.yaml")
	if err := os.WriteFile(directory, []byte(Directory()), 0o600); err != nil {
		return err
	}
	n, err := writeCapture(file, NewLoad(o.Calls, 10_000))
	if err != nil {
		return err
	}
	info, err := os.Stat(file)
	if err != nil {
		return err
	}
	fmt.Fprintf(o.Out, "%d messages, %d MB, median of %d runs\n\n%-10s %8s %12s %9s %11s\n", n, info.Size()>>20, o.Runs, "program", "wall s", "CPU s / 1 M", "peak RSS", "ringback is")
	var ours time.Duration
	for _, r := range []reader{
		{"ringback", []string{o.Program, "replay", "--json", "--directory", directory, file}},
		{"tshark", []string{"tshark", "-q", "-z", "sip,stat", "-r", file}},
		{"sngrep", []string{"sngrep", "-N", "-q", "-l", strconv.Itoa(4 * o.Calls), "-I", file, "-O", filepath.Join(dir, "out.pcap")}},
	} {
		if _, err := exec.LookPath(r.args[0]); err != nil {
			fmt.Fprintf(o.Out, "%-10s not installed\n", r.name)
			continue
		}
		wall, cpu, rss, err := r.measure(ctx, o.Runs)
		if err != nil {
			return err
		}
		if r.name == "ringback" {
			ours = wall
		}
		fmt.Fprintf(o.Out, "%-10s %8.2f %12.2f %6d MB %9.1f x faster\n", r.name, wall.Seconds(), cpu.Seconds()/float64(n)*1e6, rss>>20, wall.Seconds()/ours.Seconds())
	}
	return nil
}

func (r *reader) measure(ctx context.Context, runs int) (wall, cpu time.Duration, rss int64, err error) {
	var walls, cpus []time.Duration
	for range runs {
		cmd := exec.CommandContext(ctx, r.args[0], r.args[1:]...) //nolint:gosec // the programs above
		begin := time.Now()
		if out, err := quiet(cmd); err != nil {
			return 0, 0, 0, fmt.Errorf("bench: %s: %w: %s", r.name, err, out)
		}
		walls = append(walls, time.Since(begin))
		cpus = append(cpus, cmd.ProcessState.UserTime()+cmd.ProcessState.SystemTime())
		rss = max(rss, peak(cmd.ProcessState))
	}
	slices.Sort(walls)
	slices.Sort(cpus)
	return walls[runs/2], cpus[runs/2], rss, nil
}

// quiet runs a program and throws away what it prints, but for its complaints.
func quiet(cmd *exec.Cmd) (complaints string, err error) {
	pipe, err := cmd.StderrPipe()
	if err != nil {
		return "", err
	}
	if err := cmd.Start(); err != nil {
		return "", err
	}
	text, _ := io.ReadAll(io.LimitReader(pipe, 4096))
	_, _ = io.Copy(io.Discard, pipe)
	return string(text), cmd.Wait()
}

// writeCapture writes a load as a pcap file of nanosecond resolution: Ethernet, IPv4, UDP.
func writeCapture(path string, l *Load) (n int, err error) {
	f, err := os.Create(path)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	w := bufio.NewWriterSize(f, 1<<20)
	defer func() { err = errors.Join(err, w.Flush()) }()
	head := binary.LittleEndian.AppendUint32(nil, 0xa1b23c4d)
	head = append(head, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0)
	head = binary.LittleEndian.AppendUint32(head, 65535)
	head = binary.LittleEndian.AppendUint32(head, 1) // Ethernet
	if _, err := w.Write(head); err != nil {
		return 0, err
	}
	begin := time.Date(2026, 11, 2, 8, 0, 0, 0, time.UTC)
	var b []byte
	for ; ; n++ {
		p, ok := l.Next()
		if !ok {
			return n, nil
		}
		at := begin.Add(time.Duration(p.Time.UnixNano()))
		size := 14 + 20 + 8 + len(p.Payload)
		b = binary.LittleEndian.AppendUint32(b[:0], uint32(at.Unix()))
		b = binary.LittleEndian.AppendUint32(b, uint32(at.Nanosecond()))
		b = binary.LittleEndian.AppendUint32(b, uint32(size))
		b = binary.LittleEndian.AppendUint32(b, uint32(size))
		b = append(b, 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0)
		b = append(b, 0x45, 0)
		b = binary.BigEndian.AppendUint16(b, uint16(size-14))
		b = append(b, 0, 0, 0, 0, 64, 17, 0, 0)
		src, dst := p.Src.Addr().As4(), p.Dst.Addr().As4()
		b = append(append(b, src[:]...), dst[:]...)
		b = binary.BigEndian.AppendUint16(b, p.Src.Port())
		b = binary.BigEndian.AppendUint16(b, p.Dst.Port())
		b = binary.BigEndian.AppendUint16(b, uint16(8+len(p.Payload)))
		b = append(append(b, 0, 0), p.Payload...)
		if _, err := w.Write(b); err != nil {
			return n, err
		}
	}
}
