package progress_test

import (
	"cmp"
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"
	"unicode"

	"pgregory.net/rapid"

	"github.com/progress-sync/progress-sync/sidecar/progress"
	"github.com/progress-sync/progress-sync/sidecar/progress/fieldtest"
)

// What the table does not have is neither kept on disk nor written to Postgres.
func TestTheTableHasAllThatARecordKeeps(t *testing.T) {
	var r progress.Record
	entries := map[string]string{} // by the address
	for _, f := range progress.Fields() {
		at := fmt.Sprint(address(f, &r))
		if other, taken := entries[at]; taken {
			t.Errorf("%s and %s are kept in one place", f.Name, other)
		}
		entries[at] = f.Name
	}
	for _, m := range leaves(reflect.ValueOf(&r).Elem()) {
		if _, found := entries[fmt.Sprint(m.Addr().UnsafePointer())]; !found {
			t.Errorf("a member of type %s has no entry", m.Type())
		}
		delete(entries, fmt.Sprint(m.Addr().UnsafePointer()))
	}
	if len(entries) > 0 {
		t.Errorf("these are kept in no record: %v", entries)
	}
}

func address(f progress.Field, r *progress.Record) any {
	switch f.Type {
	case progress.TypeText:
		return f.Text(r)
	case progress.TypeMicroseconds, progress.TypeCount:
		return f.Integer(r)
	case progress.TypeFlag:
		return f.Flag(r)
	case progress.TypeTime, progress.TypeGeneration:
		return f.Instant(r)
	case progress.TypeSegments:
		return &f.Segments(r).Bits
	case progress.TypeStep:
		return f.Step(r)
	default:
		return f.Number(r)
	}
}

// leaves are the members that are no struct.
func leaves(v reflect.Value) []reflect.Value {
	if v.Kind() != reflect.Struct {
		return []reflect.Value{v}
	}
	var all []reflect.Value
	for _, member := range v.Fields() {
		all = append(all, leaves(member)...)
	}
	return all
}

// What no input fills is decoded from no request.
func TestTheTableHasAllThatAnUpdateMaySay(t *testing.T) {
	var u progress.Update
	for _, input := range progress.Inputs(progress.Fields()) {
		say(input, &u, 1)
	}
	v := reflect.ValueOf(u)
	for i := range v.NumField() {
		name := v.Type().Field(i).Name
		// The sidecar sets this one itself.
		if v.Field(i).IsZero() && name != "ReportedAt" {
			t.Errorf("no input fills %s", name)
		}
	}
}

// say sets an input to a number, or to what corresponds to it in its type.
func say(input progress.Input, u *progress.Update, n int64) {
	switch input.Type {
	case progress.TypeText:
		*input.Text(u) = fmt.Sprint("id ", n)
	case progress.TypeCount:
		*input.Integer(u) = n
	case progress.TypeFlag:
		*input.Flag(u) = n > 0
	case progress.TypeTime:
		*input.Instant(u) = progress.Instant(n)
	case progress.TypeSegments:
		*input.Segments(u) = seconds(n)
	default:
		*input.Number(u) = progress.Some(float64(n))
	}
}

// seconds are so many from the start.
func seconds(n int64) progress.Segments {
	return progress.SegmentsOf([][2]float64{{0, float64(n)}}, 0)
}

// An input that is not taken for one of what the learner did is lost with a hint.
func TestAHintSaysNothingOfWhatTheLearnerDid(t *testing.T) {
	about := map[string]bool{"userId": true, "courseId": true, "lessonId": true, "eventId": true, "occurredAt": true, "sentAt": true}
	for _, input := range progress.Inputs(progress.Fields()) {
		t.Run(input.Name, func(t *testing.T) {
			var u progress.Update
			say(input, &u, 3)
			if u.IsHint() != input.Hint {
				t.Errorf("alone it is a hint: %v", u.IsHint())
			}
			for _, hinted := range []progress.Update{{Leaving: true}, {SyncWithin: progress.Some(20)}} {
				say(input, &hinted, 3)
				if want := about[input.Name] || input.Hint; hinted.IsHint() != want {
					t.Errorf("with %+v it is one: %v, want %v", hinted, hinted.IsHint(), want)
				}
			}
		})
	}
}

// An update's value that is not copied into the record is lost.
func TestEveryInputReachesItsField(t *testing.T) {
	const received = progress.Instant(1_700_000_000_000_000)
	for _, f := range progress.Fields() {
		if f.Input == nil {
			continue
		}
		t.Run(f.Input.Name, func(t *testing.T) {
			var u progress.Update
			say(*f.Input, &u, 3)
			r := u.Record(received, 0)
			var got, want any
			switch f.Type {
			case progress.TypeText:
				got, want = *f.Text(&r), "id 3"
			case progress.TypeMicroseconds:
				got, want = *f.Integer(&r), int64(3_000_000)
			case progress.TypeCount:
				got, want = *f.Integer(&r), int64(3)
			case progress.TypeFlag:
				got, want = *f.Flag(&r), true
			case progress.TypeTime:
				got, want = *f.Instant(&r), progress.Instant(3)
			case progress.TypeSegments:
				got, want = *f.Segments(&r), seconds(3)
			default:
				got, want = *f.Number(&r), 3.0
			}
			if got != want {
				t.Errorf("%s is %v, want %v", f.Name, got, want)
			}
			if f.Stamp != nil && *f.Stamp(&r) != (progress.Stamp{At: received, Received: received}) {
				t.Errorf("its stamp is %v", *f.Stamp(&r))
			}
		})
	}
}

// Where Merge and the table differ, the sidecar and the database, whose statement
// follows the table, come to different rows.
func TestMergeFollowsTheTable(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := anyRecord(t, "a"), anyRecord(t, "b")
		m := progress.Merge(a, b)
		for _, f := range progress.Fields() {
			switch f.Rule {
			case progress.RuleLastWriter:
				winner, loser := &a, &b
				if c := f.Stamp(&b).Compare(*f.Stamp(&a)); c > 0 || c == 0 && compare(f, &b, &a) > 0 {
					winner, loser = &b, &a
				}
				if compare(f, &m, winner) != 0 || *f.Stamp(&m) != *f.Stamp(winner) {
					t.Fatalf("%s is of %+v, not of %+v", f.Name, loser, winner)
				}
			case progress.RuleGreatest, progress.RuleGeneration, progress.RuleEither:
				greater := &a
				if compare(f, &b, &a) > 0 {
					greater = &b
				}
				if compare(f, &m, greater) != 0 {
					t.Fatalf("%s is not the greater one: %+v", f.Name, m)
				}
			case progress.RuleLeast:
				x, y, got := *f.Instant(&a), *f.Instant(&b), *f.Instant(&m)
				if want := min(x, y); want != 0 && got != want || want == 0 && got != max(x, y) {
					t.Fatalf("%s of %d and %d is %d", f.Name, x, y, got)
				}
			case progress.RuleSum:
				if x, y, got := *f.Integer(&a), *f.Integer(&b), *f.Integer(&m); got != x+y {
					t.Fatalf("%s of %d and %d is %d", f.Name, x, y, got)
				}
			case progress.RuleUnion:
				if x, y, got := *f.Segments(&a), *f.Segments(&b), *f.Segments(&m); got != x.Join(y) {
					t.Fatalf("%s of %v and %v is %v", f.Name, x, y, got)
				}
			case progress.RuleKey, progress.RuleStampAt, progress.RuleStampReceived, progress.RuleStep: // the first is of both, the others go with their value
			}
		}
	})
}

// anyRecord draws every field of the table from few values, in one generation.
func anyRecord(t *rapid.T, label string) (r progress.Record) {
	for _, f := range progress.Fields() {
		draw := rapid.Int64Range(0, 3).Draw(t, label+"'s "+f.Name)
		switch {
		case f.Rule == progress.RuleKey:
			*f.Text(&r) = "id"
		case f.Rule == progress.RuleGeneration:
		case f.Type == progress.TypeText:
			*f.Text(&r) = strings.Repeat("m", int(draw))
		case f.Type == progress.TypeMicroseconds || f.Type == progress.TypeCount:
			*f.Integer(&r) = draw
		case f.Type == progress.TypeFlag:
			*f.Flag(&r) = draw > 1
		case f.Type == progress.TypeTime:
			*f.Instant(&r) = progress.Instant(draw)
		case f.Type == progress.TypeSegments:
			*f.Segments(&r) = seconds(draw)
		case f.Type == progress.TypeStep: // it is of the segments
		default:
			*f.Number(&r) = float64(draw)
		}
	}
	return r
}

func compare(f progress.Field, a, b *progress.Record) int {
	switch f.Type {
	case progress.TypeText:
		return cmp.Compare(*f.Text(a), *f.Text(b))
	case progress.TypeMicroseconds, progress.TypeCount:
		return cmp.Compare(*f.Integer(a), *f.Integer(b))
	case progress.TypeFlag:
		number := map[bool]int{true: 1}
		return cmp.Compare(number[*f.Flag(a)], number[*f.Flag(b)])
	case progress.TypeTime, progress.TypeGeneration:
		return cmp.Compare(*f.Instant(a), *f.Instant(b))
	default:
		return cmp.Compare(*f.Number(a), *f.Number(b))
	}
}

// A sum that is not watched wraps around and falls.
func TestNoSumLeaves64Bits(t *testing.T) {
	for _, f := range progress.Fields() {
		if f.Rule != progress.RuleSum {
			continue
		}
		t.Run(f.Name, func(t *testing.T) {
			var a, b, negative progress.Record
			*f.Integer(&a), *f.Integer(&b), *f.Integer(&negative) = math.MaxInt64-1, 2, -1
			if progress.Fit(&a, &b) {
				t.Error("it does not fit, and is said to")
			}
			got := progress.MergeForReader(a, b)
			if *f.Integer(&got) != math.MaxInt64 {
				t.Errorf("a reader sees %d", *f.Integer(&got))
			}
			*f.Integer(&b) = 1
			if !progress.Fit(&a, &b) {
				t.Error("it fits, and is said not to")
			}
			if negative.HasCounts() || !a.HasCounts() {
				t.Error("a number below 0 is no count, and all others are")
			}
		})
	}
}

func TestEntriesAreWellFormed(t *testing.T) {
	names, columns, parts := map[string]bool{}, map[string]bool{}, map[int]string{}
	for _, f := range progress.Fields() {
		if names[f.Name] || f.Column != "" && columns[f.Column] {
			t.Errorf("the name or the column of %s is there twice", f.Name)
		}
		names[f.Name], columns[f.Column] = true, true
		if want := snake(f.Name); f.Column != want && f.Column != "" && f.Type != progress.TypeSegments {
			t.Errorf("the column of %s is %s, want %s", f.Name, f.Column, want)
		}
		if f.Part > 0 {
			if other, taken := parts[f.Part]; taken {
				t.Errorf("%s and %s have the number %d in the spool", f.Name, other, f.Part)
			}
			parts[f.Part] = f.Name
		}
		var r progress.Record
		fieldtest.Give(f, &r) // panics where it is kept in no place of its type
	}
	for number := range len(parts) {
		if _, found := parts[number+1]; !found {
			t.Errorf("no field has the number %d in the spool", number+1)
		}
	}
}

// snake is a name in camel case as that of a column.
func snake(name string) string {
	var b strings.Builder
	for _, c := range name {
		if unicode.IsUpper(c) {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToLower(c))
	}
	return b.String()
}
