// Package client is the API of package web for Go programs: every endpoint as a method, pages as
// iterators, problems as errors that errors.Is knows, and events that go on over lost connections.
//
// It is for programs that work with cases and for our own tests. What it sends and gets are the types of
// package web, so what is documented there is not said again. A request that failed without an answer,
// or that the server has no time for, is sent again a few times; what makes something is sent with an
// Idempotency-Key, so nothing is made twice.
package client
