// Package webhook tells other programs what happens: it takes messages out of an [Outbox] and posts
// each to its endpoint, signed as Standard Webhooks 1.0 has it, until the endpoint takes it.
//
// It is for the daemon, which puts case and hint events into the outbox as they happen.
//
// What it promises:
//   - At least once: a message leaves the outbox only when the endpoint answered 2xx, or as a dead letter,
//     which is listed and can be sent again. Sent twice it has the same id.
//   - Order: the messages of an endpoint are sent one at a time, in the order they were put in; one that
//     fails holds up those behind it, until it is given up.
//   - Isolation: every endpoint has a goroutine, connections and a queue of its own. A dead one delays
//     no other, and what waits for it is on the disk, not in memory.
//   - No request to an address that is not public, unless the endpoint allows it: looked at when the
//     connection is made, so that no name can be turned around in between.
//
// It knows nothing of cases and nothing of where the outbox is kept.
package webhook
