package film

import "fmt"

// glyph is strokes in a field of 4 by 6.
type glyph [][]point

var glyphs = map[rune]glyph{
	'0': {{{1, 0}, {3, 0}, {4, 1}, {4, 5}, {3, 6}, {1, 6}, {0, 5}, {0, 1}, {1, 0}}},
	'1': {{{0.6, 1.4}, {2, 0}, {2, 6}}},
	'2': {{{0, 1}, {1, 0}, {3, 0}, {4, 1}, {4, 2}, {0, 6}, {4, 6}}},
	'3': {{{0, 0.8}, {1, 0}, {3, 0}, {4, 1}, {4, 2}, {3, 2.9}, {1.6, 2.9}}, {{3, 2.9}, {4, 3.8}, {4, 5}, {3, 6}, {1, 6}, {0, 5.2}}},
	'4': {{{3.1, 6}, {3.1, 0}, {0, 4.2}, {4, 4.2}}},
	'5': {{{3.8, 0}, {0.4, 0}, {0.2, 2.8}, {1, 2.4}, {3, 2.4}, {4, 3.4}, {4, 5}, {3, 6}, {1, 6}, {0, 5.2}}},
	'6': {{{3.4, 0}, {2, 0.6}, {0.6, 2.4}, {0, 4}, {0, 5}, {1, 6}, {3, 6}, {4, 5}, {4, 3.8}, {3, 2.8}, {1.2, 2.8}, {0, 4}}},
	'7': {{{0, 0}, {4, 0}, {1.4, 6}}},
	'8': {{{1, 0}, {3, 0}, {3.8, 0.8}, {3.8, 2}, {3, 2.8}, {1, 2.8}, {0.2, 2}, {0.2, 0.8}, {1, 0}}, {{1, 2.8}, {0, 3.8}, {0, 5}, {1, 6}, {3, 6}, {4, 5}, {4, 3.8}, {3, 2.8}}},
	'9': {{{0.6, 6}, {2, 5.4}, {3.4, 3.6}, {4, 2}, {4, 1}, {3, 0}, {1, 0}, {0, 1}, {0, 2.2}, {1, 3.2}, {2.8, 3.2}, {4, 2}}},
	':': {{{2, 1.9}, {2, 1.9}}, {{2, 4.5}, {2, 4.5}}},
}

// caption is the time of the day, in steps of ten minutes, where no player has its
// buttons.
func caption(c *canvas, hour float64) {
	const step, inHour, inDay = 10, 60, 24
	minutes := int(hour*inHour) / step * step
	text := fmt.Sprintf("%02d:%02d", minutes/inHour%inDay, minutes%inHour)
	const size, left, top, apart = 3.4, 22.0, 20.0, 6.2
	for i, letter := range text {
		for _, line := range glyphs[letter] {
			for j := range line[1:] {
				from, to := line[j], line[j+1]
				at := func(p point, moved float64) point {
					return point{left + moved + (float64(i)*apart+p.x)*size, top + moved + p.y*size}
				}
				c.stroke(at(from, 1), at(to, 1), 3.2, rgb(6, 16, 30), 0.35)
				c.stroke(at(from, 0), at(to, 0), 2.2, rgb(255, 255, 255), 0.95)
			}
		}
	}
}
