package app

// vocabulary is what words of the API are called in the app: sentences as the catalogues have them.
type vocabulary map[string]string

// named is what a word is called; empty when it has no name.
func (v *visit) named(words vocabulary, word string) string {
	sentence, ok := words[word]
	if !ok {
		return ""
	}
	return v.say(sentence)
}

// channels are how cases come in.
var channels = vocabulary{
	"call":    "Phone call",
	"manual":  "Made by hand",
	"request": "Callback request",
	"import":  "Imported",
	"api":     "Another system",
}

// endings are why messages ended, where that tells something.
var endings = vocabulary{
	"max_length":  "It is as long as a message may be",
	"interrupted": "Ringback stopped while it was recorded",
}

// verdicts are why service calls were missed or dropped.
var verdicts = vocabulary{
	"abandoned_waiting": "Hung up while waiting",
	"abandoned_ringing": "Hung up while it rang",
	"timeout":           "Nobody answered",
	"no_agent":          "No agent was there",
	"busy":              "All agents were busy",
	"declined":          "Agents declined",
	"failed":            "The call failed",
	"lost":              "The end was not seen",
	"voicemail":         "Reached voicemail",
	"outage":            "Dropped by an outage",
	"media_lost":        "Dropped: no sound",
	"session_expired":   "Dropped: connection lost",
	"signalling":        "Dropped by the network",
	"transfer_failed":   "Dropped in a transfer",
	"on_hold":           "Hung up on hold",
}

// closings are why cases close.
var closings = vocabulary{
	"successful":         "Closed successfully",
	"unsuccessful":       "Closed unsuccessfully",
	"agent_called":       "Called by an agent",
	"caller_served":      "Called again and was served",
	"expired":            "Expired",
	"attempts_exhausted": "Tried often enough",
	"suppressed":         "Not to be called",
	"merged":             "Merged",
}

// results are what the signalling says became of calls to customers.
var results = vocabulary{
	"answered":        "The customer answered",
	"busy":            "Busy",
	"no_answer":       "No answer",
	"wrong_number":    "The number is not in use",
	"network_failure": "The network failed: it counts as no attempt",
	"rejected":        "The call was rejected",
	"unknown":         "The result was not seen",
}

// fields are the fields of a case.
var fields = vocabulary{
	"name":    "Name",
	"topic":   "Topic",
	"note":    "Note",
	"number":  "Number",
	"due":     "Due",
	"expires": "Expires",
}

// parties are who hangs up.
var parties = vocabulary{
	"customer": "The customer",
	"agent":    "The agent",
	"pbx":      "The PBX",
}

// doings are what agents’ phones do.
var doings = vocabulary{
	"idle":     "Free",
	"ringing":  "Ringing",
	"dialling": "Dialling",
	"talking":  "Talking",
}

// feedStates are the states of a feed.
var feedStates = vocabulary{
	"up":         "Works",
	"connecting": "Connecting",
	"refused":    "Refused",
	"stopped":    "Stopped",
}

// accounts are the states of an account.
var accounts = vocabulary{
	"not_invited": "Not invited",
	"invited":     "Invited",
	"active":      "Can log in",
	"disabled":    "May not log in",
}

// modes are what happens when a scheduled call is due.
var modes = vocabulary{
	"remind": "You are reminded",
	"dial":   "Your device rings",
	"offer":  "Offered to the list",
}

// outcomes are what came of scheduled calls.
var outcomes = vocabulary{
	"reminded":    "Reminded",
	"offered":     "Offered",
	"dialled":     "Dialled",
	"too_late":    "Not dialled: it was too late when it could be",
	"interrupted": "Interrupted: look what became of it",
	"over":        "Not needed: the case was closed",
}

// callResults are what came of callback calls.
var callResults = vocabulary{
	"answered":        "The customer answered.",
	"busy":            "The customer’s telephone is busy.",
	"no_answer":       "The customer does not answer.",
	"wrong_number":    "There is no such number.",
	"rejected":        "The customer’s side rejected the call.",
	"failed":          "The network could not connect the call.",
	"agent_no_answer": "Your telephone was not answered.",
	"agent_rejected":  "Your telephone was busy, or the call was rejected.",
	"agent_declined":  "You did not take the call.",
	"agent_failed":    "Your telephone could not be reached.",
	"refused":         "The customer was not called: look at the case again.",
	"cancelled":       "Cancelled",
	"stopped":         "Ringback stopped: call again.",
	"missed":          "Your telephone has two callbacks already: one under way, one waiting.",
}

// noPhones are why nobody can be called by a device of one's own.
var noPhones = vocabulary{
	"no_device":   "You have no telephone here: an admin can give you one in the directory.",
	"unreachable": "The telephone exchange cannot be reached just now.",
	"off":         "Calls are not made from here.",
}

// rules are what speaks against a call.
var rules = vocabulary{
	"no_number":         "There is no number to call.",
	"not_open":          "The case is closed.",
	"taken":             "Somebody else has the case.",
	"calling_now":       "The customer is calling right now.",
	"do_not_call":       "The number is on the do-not-call list.",
	"block_list":        "The number is on the block list.",
	"allow_list":        "The number is on no allow list.",
	"country":           "Numbers of this country are not called.",
	"premium":           "The call costs extra: it is a premium-rate or shared-cost number.",
	"short_number":      "It is a short number, as of emergency services.",
	"pin":               "Calls to such numbers need a PIN.",
	"attempts_per_case": "The customer was called as often as the list allows.",
	"attempts_per_day":  "This number was tried often enough today.",
	"quiet_hours":       "It is night where the customer may be.",
	"outside_hours":     "The list is closed at this hour.",
	"unknown":           "Whether the customer may be called could not be looked up.",
}

// refusals are why the API refuses something.
var refusals = vocabulary{
	"not_open":          "The case is closed by now.",
	"no_attempt":        "Call the customer first: a status says what came of an attempt.",
	"calling_now":       "The customer is calling right now.",
	"tried_enough":      "This number was tried often enough today.",
	"no_undo":           "It can no longer be undone.",
	"too_late":          "It can no longer be undone.",
	"other_open":        "There is an open case of this customer on the list.",
	"resolution":        "Choose a resolution.",
	"note":              "A note is needed.",
	"time":              "Choose a time in the future.",
	"none":              "There is no case to call now.",
	"no_device":         "There is no device of yours to ring: choose to be reminded.",
	"not_yours":         "The case is no longer yours.",
	"not_closed":        "The case is open by now.",
	"no_number":         "There is no number to call.",
	"number_taken":      "Another contact has this number.",
	"not_member":        "Only members of the list can have its cases.",
	"status":            "The list has no such status.",
	"cursor":            "The list has changed meanwhile: open it again.",
	"not_grouped":       "The cases are not of one customer.",
	"reason":            "Nobody closes a case for this reason by hand.",
	"no_list":           "There is no such list.",
	"past":              "This time is over.",
	"off":               "Calls are not made from here just now.",
	"under_way":         "The customer is being called already.",
	"offer_gone":        "It is not offered to you any more.",
	"no_call":           "No call to the customer is under way.",
	"no_key":            "The message cannot be opened: its key is missing.",
	"damaged":           "The message is gone or damaged.",
	"device_full":       "Your device has as many callbacks as it takes.",
	"not_waiting":       "The call was due or cancelled already.",
	"query":             "There is nothing to search for.",
	"directory_changed": "The directory was changed meanwhile: try again.",
}

// events are what happens to a case, with its picture, where that is all there is to say.
var events = map[string]struct{ icon, what string }{
	"reopened":     {"callback", "Opened again"},
	"calling_now":  {"ringing", "The customer is calling"},
	"calling_over": {"clock", "The customer is no longer on the line"},
	"edited":       {"edit", "Edited"},
	"assigned":     {"assign", "Assigned"},
	"released":     {"unassign", "Released"},
	"accepted":     {"check", "Accepted"},
	"commented":    {"comment", "Comment"},
	"awaiting":     {"waiting", "Awaiting info"},
	"informed":     {"check", "No longer awaiting info"},
	"undone":       {"callback", "Undone"},
	"erased":       {"close", "Personal data erased"},
}
