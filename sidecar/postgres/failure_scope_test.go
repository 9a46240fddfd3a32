package postgres

import "testing"

func TestHowFarAFailureReaches(t *testing.T) {
	for name, tt := range map[string]struct {
		state                                 string
		connected, ofOneTransaction, ofRecord bool
	}{
		"a server that shuts down":       {"57P01", false, false, false},
		"a statement that took too long": {"57014", true, true, false},
		"no connection is left":          {"53300", false, false, false},
		"no memory is left":              {"53200", true, false, false},
		"a deadlock":                     {"40P01", true, true, false},
		"a lock that is not to be had":   {"55P03", true, true, false},
		"a missing right":                {"42501", true, false, false},
		"a value out of range":           {"22003", true, false, true},
		"a trigger":                      {"P0001", true, false, true},
	} {
		t.Run(name, func(t *testing.T) {
			f := Classify(server(tt.state))
			if f.Connected() != tt.connected || f.OfOneTransaction() != tt.ofOneTransaction || f.MayBeOfTheRecord() != tt.ofRecord {
				t.Errorf("%+v: connected %v, of one transaction %v, of the record %v",
					f, f.Connected(), f.OfOneTransaction(), f.MayBeOfTheRecord())
			}
		})
	}
}
