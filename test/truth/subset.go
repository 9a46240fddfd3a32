package truth

// maxSteps bounds the search of one key. Sums that differ from update to update
// cut the search short; updates that are all alike may exhaust it.
const maxSteps = 1 << 20

// eachSubset calls fits with every choice of the uncertain updates that, added
// to the sums of the acknowledged ones, gives the sums of the row, until fits
// returns true. undecided means that the search was given up before its end.
func eachSubset(uncertain []Update, row, acknowledged sums, fits func(counted []Update) bool) (found, undecided bool) {
	// rest[i] is what the updates from i on can still add.
	rest := make([]sums, len(uncertain)+1)
	for i := len(uncertain) - 1; i >= 0; i-- {
		rest[i] = rest[i+1].plus(sumsOf(uncertain[i]))
	}
	steps := 0
	var counted []Update
	var search func(i int, have sums) bool
	search = func(i int, have sums) bool {
		if steps++; steps > maxSteps {
			undecided = true
			return false
		}
		if !have.within(row) || !row.within(have.plus(rest[i])) {
			return false
		}
		if i == len(uncertain) {
			return fits(counted)
		}
		counted = append(counted, uncertain[i])
		if search(i+1, have.plus(sumsOf(uncertain[i]))) {
			return true
		}
		counted = counted[:len(counted)-1]
		return search(i+1, have)
	}
	found = search(0, acknowledged)
	return found, undecided && !found
}
