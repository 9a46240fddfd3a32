package stats

// Bounds of a catalogue.
const (
	// MaxLessons of a course.
	MaxLessons = 10_000
	// MaxWeight of a lesson; the least is 1.
	MaxWeight = 1_000_000
)

// Lesson is one of a course's catalogue.
type Lesson struct {
	LessonID string `json:"lessonId"`
	// Weight is what the lesson counts for in the percent of the course, 1 to MaxWeight.
	Weight int64 `json:"weight"`
	// Required lessons count for the required percent.
	Required bool `json:"required"`
}

// Totals are the sums over a course's catalogue, zero where it has none.
type Totals struct {
	Lessons, Weight                 int64
	RequiredLessons, RequiredWeight int64
}

// Listed is what the catalogue says of the lesson of a record.
type Listed struct {
	// Weight is 0 for a lesson that is in no catalogue.
	Weight   int64
	Required bool
}

// TotalsOf are those of all lessons of a course.
func TotalsOf(lessons []Lesson) Totals {
	var t Totals
	for _, l := range lessons {
		t.Lessons++
		t.Weight += l.Weight
		if l.Required {
			t.RequiredLessons++
			t.RequiredWeight += l.Weight
		}
	}
	return t
}

// Catalogue is what is known of the courses and lessons of some records.
type Catalogue struct {
	// Courses have their totals by id; one that is missing has no catalogue.
	Courses map[string]Totals
	// Lessons are in the order of the records; none if nil.
	Lessons []Listed
}

func (c Catalogue) lesson(i int) Listed {
	if i >= len(c.Lessons) {
		return Listed{}
	}
	return c.Lessons[i]
}
