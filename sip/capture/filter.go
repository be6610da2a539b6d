package capture

import (
	"fmt"

	"golang.org/x/net/bpf"
)

// maxPorts is how many ports a filter tests; the jumps of a BPF program reach no farther than 255.
const maxPorts = 32

// accept is what a filter returns for packets to keep: as many bytes as there are.
const accept = maxRecord

// Values of the kernel's BPF extensions (linux/if_packet.h, linux/if_arp.h).
const (
	packetOutgoing   = 4
	hardwareLoopback = 772
)

// filter is the BPF program that lets the kernel drop everything but IPv4 and IPv6 packets of UDP or
// TCP from or to the ports, behind up to two VLAN tags, and fragments whose ports are not known. It is for
// sockets that show packets from their network header on. What the loopback interface shows twice is
// taken once.
func filter(ports []uint16) ([]bpf.RawInstruction, error) {
	if len(ports) == 0 || len(ports) > maxPorts {
		return nil, fmt.Errorf("capture: %d ports to listen to, not 1 to %d", len(ports), maxPorts)
	}
	program := []bpf.Instruction{
		bpf.LoadExtension{Num: bpf.ExtLinkLayerType},
		bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: hardwareLoopback, SkipTrue: 3},
		bpf.LoadExtension{Num: bpf.ExtType},
		bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: packetOutgoing, SkipTrue: 1},
		bpf.RetConstant{Val: 0},
		bpf.LoadExtension{Num: bpf.ExtProto},
	}
	const tag = 4 // bytes of a VLAN tag: what is left of it, and the next EtherType
	for tags := range uint32(3) {
		program = append(program, network4(tags*tag, ports)...)
		program = append(program, network6(tags*tag, ports)...)
		program = append(program,
			bpf.JumpIf{Cond: bpf.JumpEqual, Val: etherVLAN, SkipTrue: 2},
			bpf.JumpIf{Cond: bpf.JumpEqual, Val: etherQinQ, SkipTrue: 1},
			bpf.RetConstant{Val: 0},
			bpf.LoadAbsolute{Off: tags*tag + 2, Size: 2},
		)
	}
	return bpf.Assemble(append(program, bpf.RetConstant{Val: 0}))
}

// network4 decides over packets whose EtherType, in the accumulator, is IPv4, and leaves others to
// what follows.
func network4(off uint32, ports []uint16) []bpf.Instruction {
	body := []bpf.Instruction{
		bpf.LoadAbsolute{Off: off + 9, Size: 1}, // protocol
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: protoUDP, SkipTrue: 2},
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: protoTCP, SkipTrue: 1},
		bpf.RetConstant{Val: 0},
		bpf.LoadAbsolute{Off: off + 6, Size: 2}, // flags and fragment offset
		bpf.JumpIf{Cond: bpf.JumpBitsNotSet, Val: 0x1fff, SkipTrue: 1},
		bpf.RetConstant{Val: accept},
		bpf.LoadMemShift{Off: off}, // X is the length of the header
	}
	body = append(body, anyPort(ports,
		bpf.LoadIndirect{Off: off, Size: 2}, bpf.LoadIndirect{Off: off + 2, Size: 2})...)
	return unless(etherIPv4, body)
}

// network6 is network4 for IPv6. Packets with extension headers are kept; they are rare.
func network6(off uint32, ports []uint16) []bpf.Instruction {
	body := []bpf.Instruction{
		bpf.LoadAbsolute{Off: off + 6, Size: 1},                     // next header
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: protoUDP, SkipTrue: 9}, // to the ports
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: protoTCP, SkipTrue: 8},
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: protoFragment, SkipTrue: 6},
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: protoHopByHop, SkipTrue: 5},
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: protoRouting, SkipTrue: 4},
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: protoDestination, SkipTrue: 3},
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: protoAH, SkipTrue: 2},
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: protoMobility, SkipTrue: 1},
		bpf.RetConstant{Val: 0},
		bpf.RetConstant{Val: accept},
	}
	body = append(body, anyPort(ports,
		bpf.LoadAbsolute{Off: off + 40, Size: 2}, bpf.LoadAbsolute{Off: off + 42, Size: 2})...)
	return unless(etherIPv6, body)
}

// unless skips a body for packets of another EtherType.
func unless(etherType uint32, body []bpf.Instruction) []bpf.Instruction {
	return append([]bpf.Instruction{
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: etherType, SkipTrue: 1},
		bpf.Jump{Skip: uint32(len(body))},
	}, body...)
}

// anyPort accepts packets one of whose ports is among those wanted, and drops others.
func anyPort(ports []uint16, src, dst bpf.Instruction) []bpf.Instruction {
	n := len(ports)
	tests := 2 * (n + 1) // instructions before the verdicts
	var body []bpf.Instruction
	for _, load := range []bpf.Instruction{src, dst} {
		body = append(body, load)
		for _, p := range ports {
			body = append(body, bpf.JumpIf{Cond: bpf.JumpEqual, Val: uint32(p), SkipTrue: uint8(tests - len(body))})
		}
	}
	return append(body, bpf.RetConstant{Val: 0}, bpf.RetConstant{Val: accept})
}
