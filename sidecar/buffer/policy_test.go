package buffer

import "testing"

func TestConfirmedBatchesTakeAnEighthOfWhatIsScarce(t *testing.T) {
	for name, tt := range map[string]struct {
		disk, memory int64
		want         int64 // of both lanes
	}{
		"32 MiB where nothing is known":      {0, 0, 32 << 20},
		"32 MiB where there is plenty":       {1 << 30, 256 << 20, 32 << 20},
		"of a small volume":                  {64 << 20, 0, 8 << 20},
		"of little memory":                   {1 << 30, 32 << 20, 4 << 20},
		"of what is less, if both are small": {64 << 20, 32 << 20, 4 << 20},
	} {
		t.Run(name, func(t *testing.T) {
			p := Policy{SizeLimitBytes: tt.disk, MemoryBytes: tt.memory}
			if got := 2 * p.keptBytes(2); got != tt.want {
				t.Errorf("%d bytes, want %d", got, tt.want)
			}
		})
	}
}
