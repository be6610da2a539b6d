// Package schedule keeps the calls that people scheduled: for which case, by whom, with which device, when, and
// whether its agent is reminded then, is called to be joined with the customer, or is offered the case.
//
// It is for the daemon, which asks once a second what is due, and for the web and the agents' calendars. A plan
// becomes due exactly once: the transaction that hands it out also takes it from those that wait. What was handed out and not
// finished when the process ended is told by Unfinished at the next start; a customer is never dialled for it again.
//
// Whether a customer may be called then is asked twice, of package cases/maycall, by who schedules and by who
// dials; this package decides nothing but what is due.
package schedule
