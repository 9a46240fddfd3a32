package viewing

import "time"

// Habits are how learners watch. Published figures give the frame: engagement with a
// video has its median at 6 minutes or less, whatever the video's length (Guo, "Optimal
// Video Length for Student Engagement", blog.edx.org, millions of edX sessions); more
// than half of the viewers of longer videos leave before their end, most of them early
// (Kim and others, "Understanding In-Video Dropouts and Interaction Peaks in Online
// Lecture Videos", Learning at Scale 2014, 862 edX videos); pauses are the commonest
// interaction and are longer and more frequent in difficult videos (Li and others, "How
// Do In-Video Interactions Reflect Perceived Video Difficulty?", EMOOCs 2015). None of
// these has a distribution of the lengths of pauses, or says how many sessions end in
// one: those are assumed.
type Habits struct {
	// PauseEvery and SeekEvery are how far apart pauses and seeks are on average, 0 for
	// none.
	PauseEvery, SeekEvery time.Duration
	// PauseHint is how long a pause lasts until the client says that the learner may
	// leave: 0 for at once, Silent for never.
	PauseHint time.Duration
}

// Silent is the PauseHint of a client that takes no pause for leaving.
const Silent time.Duration = -1

// WatchThrough are learners who never pause.
func WatchThrough() Habits { return Habits{SeekEvery: 5 * time.Minute} }

// PauseOften are learners who pause each four minutes.
func PauseOften(hint time.Duration) Habits {
	return Habits{SeekEvery: 5 * time.Minute, PauseEvery: 4 * time.Minute, PauseHint: hint}
}
