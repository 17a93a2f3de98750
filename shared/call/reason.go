package call

// Status says what became of a row. Every row of a file has exactly one.
type Status uint8

// The statuses. Rated rows are charged; the others say why they are not.
const (
	Rated Status = iota + 1
	Unrated
	Rejected
	Ignored
	Duplicate
	Superseded
)

var statusNames = [...]string{"", "rated", "unrated", "rejected", "ignored", "duplicate", "superseded"}

// String returns the status as outputs show it.
func (s Status) String() string {
	if int(s) < len(statusNames) {
		return statusNames[s]
	}
	return "unknown"
}

// Reason is the code that says why a row is not rated.
type Reason string

// The reasons, each under the status it explains. other_month is followed by
// a colon and the month. The README's table of reasons is held to this list.
const (
	// unrated: readable, but nothing prices it
	NoRate      Reason = "no_rate"
	Blocked     Reason = "blocked"
	ShortNumber Reason = "short_number"
	NoAccount   Reason = "no_account"
	NoCard      Reason = "no_card"
	// rejected: not readable
	BadTime      Reason = "bad_time"
	BadDuration  Reason = "bad_duration"
	BadNumber    Reason = "bad_number"
	BadCSV       Reason = "bad_csv"
	BadColumns   Reason = "bad_columns"
	BadEncoding  Reason = "bad_encoding"
	BadVersion   Reason = "bad_version"
	BadKind      Reason = "bad_kind"
	BadUnits     Reason = "bad_units"
	BadDirection Reason = "bad_direction"
	TooLong      Reason = "too_long"
	// ignored: readable, and not to be charged
	NotAnswered Reason = "not_answered"
	OtherMonth  Reason = "other_month"
)

// Reasons is every reason with its status and what a person can do about it.
var Reasons = []struct {
	Status  Status
	Reason  Reason
	Meaning string
}{
	{Unrated, NoRate, "no prefix of the card matches the called number"},
	{Unrated, Blocked, "the longest matching prefix is blocked"},
	{Unrated, ShortNumber, "fewer than 7 digits, and no rate for exactly this number"},
	{Unrated, NoAccount, "the account is not in the book"},
	{Unrated, NoCard, "the account has no card at that instant"},
	{Rejected, BadTime, "the time is missing, impossible or outside 1970 to 2199"},
	{Rejected, BadDuration, "the duration is missing, negative, not a number or over 10,000,000 s"},
	{Rejected, BadNumber, "the called number is missing, or it or a routing number is not a number"},
	{Rejected, BadCSV, "a quote is not closed or is followed by text"},
	{Rejected, BadColumns, "the row has another number of columns than the file"},
	{Rejected, BadEncoding, "the text is not UTF-8"},
	{Rejected, BadVersion, "the record version is not a whole number"},
	{Rejected, BadKind, "the kind of usage is not voice, sms, data or event"},
	{Rejected, BadUnits, "the units of other usage than voice are missing, or no whole number up to 10,000,000,000,000,000"},
	{Rejected, BadDirection, "the direction is neither outbound nor inbound, and the feed has both"},
	{Rejected, TooLong, "the line or a field is longer than the limit"},
	{Ignored, NotAnswered, "the call was not answered"},
	{Ignored, OtherMonth, "the call is outside the month asked for; its own follows, as in other_month:2026-10"},
}
