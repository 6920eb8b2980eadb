package simulate

// profile is how an honest organizer calls: the numbers behind an archetype.
// Rates are for one ordinary working day at volume 1.
type profile struct {
	archetype string
	says      string
	// weight is the share among organizers, in thousandths.
	weight float64
	// meetings is the mean of meetings with dial-out on a working day, legs the
	// mean of numbers dialled into one.
	meetings, legs float64
	// minutes is the median length of a meeting, sigma the spread of its
	// logarithm, longest the cut.
	minutes, sigma, longest float64
	// opens and closes are local clock hours of work.
	opens, closes float64
	// rest is the factor on days off.
	rest float64
	// contacts is how many numbers the organizer knows, known the chance that a
	// leg goes to one of them.
	contacts int
	known    float64
	// addon is the chance to hold the add-on.
	addon float64
	// mix weighs where contacts are.
	mix mix4
	// shared says that others set up meetings in the account's name, so that two
	// can run at once. Nobody else has two at once.
	shared bool
	// day replaces the ordinary day.
	day func(*organizer, *sink)
}

// mix4 weighs destinations: the own country, the US and Canada, the rest of Zone
// A, and the rest of the world.
type mix4 struct{ home, northAmerica, zoneA, rest float64 }

// The archetypes that other parts name.
const (
	archRegular    = "regular"
	archLight      = "light"
	archTraveller  = "traveller"
	archRoom       = "room_account"
	archPayPerUse  = "pay_per_minute"
	archUnlicensed = "unlicensed"
	archStarter    = "new_starter"
)

func profiles() []*profile {
	office := mix4{home: 0.6, northAmerica: 0.36, zoneA: 0.035, rest: 0.005}
	abroad := mix4{home: 0.34, northAmerica: 0.6, zoneA: 0.05, rest: 0.01}
	american := mix4{home: 0.12, northAmerica: 0.86, zoneA: 0.02}
	return []*profile{
		{
			archetype: archRegular, says: "a few meetings a week", weight: 420,
			meetings: 0.4, legs: 1.9, minutes: 21, sigma: 0.7, longest: 150, opens: 8, closes: 18, rest: 0.03, contacts: 18, known: 0.85, addon: 0.55, mix: office,
		},
		{
			archetype: archLight, says: "a meeting every other week", weight: 255,
			meetings: 0.09, legs: 1.4, minutes: 12, sigma: 0.7, longest: 90, opens: 8.5, closes: 17.5, rest: 0.02, contacts: 8, known: 0.8, addon: 0.2, mix: office,
		},
		{
			archetype: "account_manager", says: "customers on the phone all day", weight: 50,
			meetings: 2.9, legs: 1.9, minutes: 23, sigma: 0.6, longest: 150, opens: 7.5, closes: 18.5, rest: 0.05, contacts: 55, known: 0.75, addon: 0.97, mix: mix4{home: 0.3, northAmerica: 0.665, zoneA: 0.03, rest: 0.005},
		},
		{
			archetype: archTraveller, says: "works from other time zones and calls home to the US and Canada", weight: 40,
			meetings: 0.7, legs: 1.8, minutes: 22, sigma: 0.7, longest: 150, opens: 6, closes: 22, rest: 0.35, contacts: 20, known: 0.85, addon: 0.9, mix: american, day: travellerDay,
		},
		{
			archetype: "recruiter", says: "interviews strangers, one by one", weight: 30,
			meetings: 5, legs: 1.05, minutes: 22, sigma: 0.45, longest: 75, opens: 9, closes: 18, rest: 0.01, contacts: 12, known: 0.12, addon: 0.97, mix: american,
		},
		{
			archetype: "investor_relations", says: "one day a quarter, hundreds of legs for two hours", weight: 4,
			meetings: 0.12, legs: 1.6, minutes: 22, sigma: 0.6, longest: 120, opens: 8, closes: 18, rest: 0.01, contacts: 260, known: 0.97, addon: 1, mix: american, shared: true, day: investorDay,
		},
		{
			archetype: "all_hands", says: "a monthly meeting of the whole department", weight: 10,
			meetings: 0.2, legs: 1.7, minutes: 22, sigma: 0.6, longest: 120, opens: 8, closes: 18, rest: 0.02, contacts: 150, known: 0.97, addon: 1, mix: mix4{home: 0.45, northAmerica: 0.55}, shared: true, day: allHandsDay,
		},
		{
			archetype: "incident_bridge", says: "long bridges at any hour, the same few engineers in turns", weight: 8,
			meetings: 0.2, legs: 4, minutes: 240, sigma: 0.6, longest: 840, opens: 0, closes: 24, rest: 1, contacts: 11, known: 1, addon: 1, mix: american, shared: true, day: incidentDay,
		},
		{
			archetype: "executive_assistant", says: "sets up meetings for several people", weight: 32,
			meetings: 3.7, legs: 2.5, minutes: 27, sigma: 0.5, longest: 180, opens: 7.5, closes: 18.5, rest: 0.06, contacts: 70, known: 0.9, addon: 0.95, mix: abroad, shared: true, day: assistantDay,
		},
		{
			archetype: "support_rota", says: "on duty one week in four, then day and night", weight: 20,
			meetings: 4.5, legs: 1.4, minutes: 19, sigma: 0.7, longest: 180, opens: 0, closes: 24, rest: 1, contacts: 40, known: 0.6, addon: 0.95, mix: american, shared: true, day: rotaDay,
		},
		{
			archetype: "training_provider", says: "classes twice a week, a dozen dialled in", weight: 10,
			meetings: 0.2, legs: 13, minutes: 95, sigma: 0.2, longest: 200, opens: 9, closes: 16, rest: 0, contacts: 200, known: 0.8, addon: 1, mix: american, shared: true, day: trainingDay,
		},
		{
			archetype: archRoom, says: "a meeting room's own account", weight: 36,
			meetings: 1.1, legs: 1.3, minutes: 31, sigma: 0.5, longest: 150, opens: 8, closes: 18, rest: 0.01, contacts: 30, known: 0.7, addon: 0.4, mix: office,
		},
		{
			archetype: "holiday_worker", says: "meets at weekends and on holidays, rests in the week", weight: 10,
			meetings: 0.5, legs: 1.7, minutes: 22, sigma: 0.6, longest: 120, opens: 9, closes: 20, rest: 1, contacts: 18, known: 0.85, addon: 0.7, mix: office, day: holidayDay,
		},
		{
			archetype: archStarter, says: "joined in the period and grows into the job", weight: 20,
			meetings: 1.8, legs: 1.7, minutes: 23, sigma: 0.6, longest: 120, opens: 8, closes: 18, rest: 0.02, contacts: 40, known: 0.7, addon: 1, mix: abroad, day: starterDay,
		},
		{
			archetype: "month_end_closer", says: "finance: busy only around the end of a month", weight: 15,
			meetings: 3.2, legs: 2.1, minutes: 32, sigma: 0.5, longest: 200, opens: 8, closes: 21, rest: 0.25, contacts: 22, known: 0.95, addon: 0.85, mix: abroad, day: closerDay,
		},
		{
			archetype: archPayPerUse, says: "holds pay-per-minute conferencing only", weight: 14,
			meetings: 0.25, legs: 1.5, minutes: 17, sigma: 0.6, longest: 90, opens: 8, closes: 18, rest: 0.02, contacts: 14, known: 0.85, addon: 0.15, mix: office,
		},
		{
			archetype: archUnlicensed, says: "holds no conferencing licence", weight: 12,
			meetings: 0.12, legs: 1.3, minutes: 12, sigma: 0.6, longest: 60, opens: 8, closes: 18, rest: 0.02, contacts: 8, known: 0.85, mix: office,
		},
		{
			archetype: "night_shift", says: "works for another time zone, at night", weight: 14,
			meetings: 0.9, legs: 1.6, minutes: 23, sigma: 0.6, longest: 150, opens: 20, closes: 30, rest: 0.1, contacts: 22, known: 0.85, addon: 0.95, mix: american,
		},
	}
}
