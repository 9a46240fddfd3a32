package journal

import "testing"

func TestOnlyTheZerosAtTheEndAreLeftOut(t *testing.T) {
	for _, size := range []int{0, 1, 4095, 4096, 4097, 8192, 3 * 4096, 10_000} {
		if got := untilZeros(make([]byte, size)); got != 0 {
			t.Errorf("%d zeros: %d", size, got)
		}
		for _, last := range []int{0, 1, 4095, 4096, 4097, 8191, size - 1} {
			if last < 0 || last >= size {
				continue
			}
			data := make([]byte, size)
			data[last] = 1
			if got := untilZeros(data); got != last+1 {
				t.Errorf("%d bytes, the last of them at %d: %d", size, last, got)
			}
		}
	}
}
