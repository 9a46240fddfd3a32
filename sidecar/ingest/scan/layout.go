package scan

import "github.com/progress-sync/progress-sync/sidecar/progress"

// field is a known field of an item, a number in a Layout.
type field int

const fieldUnknown field = -1

// Layout is what is known of an item: the fields of an update, and those
// of a completion of several lessons.
type Layout struct {
	inputs []progress.Input
	// Those of one type, in the order of the table.
	texts, numbers, counts, flags, times, segments []field
	// Those that mean more than their value.
	user, lesson, event, lessonIDs field
	names                          nameIndex
}

// NewLayout is the layout for a table of fields.
func NewLayout(table []progress.Field) *Layout {
	l := &Layout{}
	for _, input := range progress.Inputs(table) {
		f := l.add(input)
		switch input.Type {
		case progress.TypeText:
			l.texts = append(l.texts, f)
		case progress.TypeCount:
			l.counts = append(l.counts, f)
		case progress.TypeFlag:
			l.flags = append(l.flags, f)
		case progress.TypeTime:
			l.times = append(l.times, f)
		case progress.TypeSegments:
			l.segments = append(l.segments, f)
		default:
			l.numbers = append(l.numbers, f)
		}
	}
	l.lessonIDs = l.add(progress.Input{Name: "lessonIds"}) // only of FormComplete
	l.user, l.lesson, l.event = l.names.of([]byte("userId")), l.names.of([]byte("lessonId")), l.names.of([]byte("eventId"))
	return l
}

// Items is an empty body.
func (l *Layout) Items() *Items {
	return &Items{layout: l, members: make([]value, len(l.inputs))}
}

func (l *Layout) add(input progress.Input) field {
	f := field(len(l.inputs))
	l.inputs = append(l.inputs, input)
	l.names.add(input.Name, f)
	return f
}
