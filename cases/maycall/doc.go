// Package maycall answers one question: may we call this number now? It is asked when a case is opened for calling, when a call
// is scheduled, and again before every dial, and always answered by the same rules.
//
// [Decide] is pure: from all that is known it gives every rule that speaks against the call, whether it warns
// or blocks, a sentence for people and, where time alone is in the way, when it no longer is. [Checker] gathers what is
// known: the rules of the directory, the lists of numbers, the attempts, the case.
//
// Nothing is done here: who dials, closes or schedules asks first and heeds the answer.
package maycall
