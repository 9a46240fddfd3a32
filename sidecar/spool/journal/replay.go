package journal

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
)

// found is what a journal's directory holds.
type found struct {
	checkpoints, segments []uint64 // numbers, rising
	unfinished            []string
}

func find(names []string) (f found) {
	for _, name := range names {
		if n, ok := segmentKind.number(name); ok {
			f.segments = append(f.segments, n)
		} else if n, ok := checkpointKind.number(name); ok {
			f.checkpoints = append(f.checkpoints, n)
		} else if isUnfinished(name) {
			f.unfinished = append(f.unfinished, name)
		}
	}
	slices.Sort(f.segments)
	slices.Sort(f.checkpoints)
	return f
}

// first is the number of the first segment that counts.
func (f found) first() uint64 {
	if n := len(f.checkpoints); n > 0 {
		return f.checkpoints[n-1]
	}
	return 1
}

// live are the segments that count.
func (f found) live() []uint64 {
	at, _ := slices.BinarySearch(f.segments, f.first())
	return f.segments[at:]
}

// replay reads a journal in the order in which it was written.
type replay struct {
	files *files
	apply func(changes []byte) error

	sequence uint64 // of the last frame
	through  uint64 // sequence that the log must reach
	begun    uint64 // number of a segment that must be there
	// logged and checkpointed are the bytes of frames in each.
	logged, checkpointed int64
}

// run returns the last segment with its file open, nil if there is none.
func (r *replay) run(f found) (last *reader, err error) {
	first := f.first()
	if len(f.checkpoints) > 0 {
		if err := r.checkpoint(first); err != nil {
			return nil, err
		}
	}
	if len(f.checkpoints)+len(f.segments) == 0 {
		return nil, nil
	}
	live := f.live()
	for i := range max(len(live), 1) {
		if number := first + uint64(i); i == len(live) || live[i] != number {
			return nil, &DamageError{r.files.path(segmentKind.name(number)), -1, errMissing}
		}
	}
	for _, number := range live {
		if last != nil {
			if err := last.file.Close(); err != nil {
				return nil, fmt.Errorf("closing %s: %w", last.path, err)
			}
		}
		if last, err = r.segment(number, last); err != nil {
			return nil, err
		}
	}
	if r.begun > last.header.number {
		return nil, errors.Join(&DamageError{r.files.path(segmentKind.name(r.begun)), -1, errMissing}, last.file.Close())
	}
	if r.sequence < r.through {
		err := fmt.Errorf("the log ends at frame %d, and had %d when the checkpoint was made", r.sequence, r.through)
		return nil, errors.Join(last.damage(last.at, err), last.file.Close())
	}
	return last, nil
}

var errMissing = errors.New("it is missing")

func (r *replay) open(k kind, number uint64) (*reader, error) {
	path := r.files.path(k.name(number))
	file, err := r.files.fs.Open(path)
	if err != nil {
		return nil, fmt.Errorf("opening %s: %w", path, err)
	}
	in, err := newReader(file, path, k, number)
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	r.files.resize(k.name(number), in.size)
	return in, nil
}

func (r *replay) checkpoint(number uint64) error {
	in, err := r.open(checkpointKind, number)
	if err != nil {
		return err
	}
	r.sequence = in.header.first - 1
	r.through, err = r.checkpointFrames(in)
	r.checkpointed = in.at
	return errors.Join(err, in.file.Close())
}

// checkpointFrames returns the sequence that the log had when it was finished.
func (r *replay) checkpointFrames(in *reader) (through uint64, err error) {
	for n := uint64(1); ; n++ {
		at := in.at
		sequence, payload, err := in.next()
		switch {
		case errors.Is(err, errFrame):
			return 0, in.damage(at, err)
		case err != nil:
			return 0, err
		case sequence == n:
			if err := r.apply(payload); err != nil {
				return 0, fmt.Errorf("%s: frame %d at byte %d: %w", in.path, n, at, err)
			}
			continue
		}
		through, ok := decodeEnd(sequence, payload, n-1)
		if !ok {
			return 0, in.damage(at, errOrder)
		}
		if in.at != in.size {
			return 0, in.damage(in.at, errors.New("there is something behind its end"))
		}
		return through, nil
	}
}

var errOrder = errors.New("a frame is not the one that must be there")

// appendEnd writes what a checkpoint's last frame says.
func appendEnd(dst []byte, frames, through uint64) []byte {
	return binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint64(dst, frames), through)
}

func decodeEnd(sequence uint64, payload []byte, frames uint64) (through uint64, ok bool) {
	const size = 16
	if sequence != 0 || len(payload) != size || binary.LittleEndian.Uint64(payload) != frames {
		return 0, false
	}
	return binary.LittleEndian.Uint64(payload[8:]), true
}

// segment applies the frames of a segment that follows on another, if any. Its
// file stays open.
func (r *replay) segment(number uint64, before *reader) (*reader, error) {
	in, err := r.open(segmentKind, number)
	if err != nil {
		return nil, err
	}
	if err := r.segmentFrames(in, before); err != nil {
		return nil, errors.Join(err, in.file.Close())
	}
	return in, nil
}

func (r *replay) segmentFrames(in, before *reader) error {
	if want := r.sequence + 1; in.header.first != want {
		err := fmt.Errorf("the frames from %d to %d are missing", want, in.header.first-1)
		if before != nil {
			return before.damage(before.at, err)
		}
		return in.damage(-1, err)
	}
	for {
		at := in.at
		sequence, payload, err := in.next()
		switch {
		case errors.Is(err, errFrame):
			return r.end(in)
		case err != nil:
			return err
		case isNext(sequence, payload, in.header.number):
			r.begun = in.header.number + 1
			return r.end(in)
		case sequence != r.sequence+1:
			return in.damage(at, errOrder)
		}
		if err := r.apply(payload); err != nil {
			return fmt.Errorf("%s: frame %d at byte %d: %w", in.path, sequence, at, err)
		}
		r.sequence = sequence
		r.logged += frameSize(len(payload))
	}
}

// appendNext writes what a segment's last frame says.
func appendNext(dst []byte, number uint64) []byte {
	return binary.LittleEndian.AppendUint64(dst, number)
}

// isNext reports whether a frame is the last one of the segment of that number.
func isNext(sequence uint64, payload []byte, number uint64) bool {
	return sequence == 0 && len(payload) == 8 && binary.LittleEndian.Uint64(payload) == number+1
}

// end examines what is behind the last frame that can be read.
func (r *replay) end(in *reader) error {
	rest, err := in.rest()
	if err != nil {
		return err
	}
	if at := laterFrame(rest, in.header.salt, r.sequence+1); at >= 0 {
		return in.damage(in.at, fmt.Errorf("%w, and the one at byte %d can", errFrame, in.at+int64(at)))
	}
	return nil
}

// keep makes what was read of the last segment durable, since an earlier process
// may have been killed before it synced that, and writes zeros over what is behind
// it, a frame that is torn.
func keep(in *reader) error {
	rest, err := in.rest()
	if err != nil {
		return err
	}
	if torn := untilZeros(rest); torn > 0 {
		if _, err := in.file.WriteAt(make([]byte, torn), in.at); err != nil {
			return fmt.Errorf("cutting off the torn end of %s: %w", in.path, err)
		}
	}
	if err := in.file.Sync(); err != nil {
		return fmt.Errorf("syncing %s: %w", in.path, err)
	}
	return nil
}
