// Package metrics tells Prometheus how the watch is doing: whether the promise is kept (verdicts,
// cases, hints), whether the feeds can be believed (drops, skew, blind time) and how the store and
// the process are. It is the only user of the Prometheus client.
//
// Two ways in. What happens per event is observed: [Metrics.Call], [Metrics.Case], [Metrics.Hint]
// and their like, from any goroutine. What others count anyway, up to per message, is never pushed
// here: [Options] holds functions that are called once per scrape and read those counters, so a
// message costs nothing more for being measured.
//
// No label ever holds a telephone number, a Call-ID or anything else a stranger can make up
// endlessly: labels are services and lists of the directory, capture agents up to [MaxCaptureAgents],
// routes, and words of our own. Agents, who are people, are no labels.
//
// The package does not decide, log or store anything.
package metrics
