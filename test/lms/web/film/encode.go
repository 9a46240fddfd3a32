package film

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"runtime"
	"strconv"
)

// encoder is the program that makes WebM of frames.
const encoder = "vpxenc"

// encode pipes the frames through the encoder into a file.
func encode(ctx context.Context, program, file string) error {
	if _, err := exec.LookPath(program); err != nil {
		return fmt.Errorf("%s is not installed; on Debian: apt-get install -y --no-install-recommends vpx-tools: %w", program, err)
	}
	command := exec.CommandContext(ctx, program,
		"--codec=vp9", "--rt", "--cpu-used=5", "--row-mt=1", "--threads="+strconv.Itoa(runtime.NumCPU()), "--tile-columns=1",
		"--end-usage=q", "--cq-level=36",
		"--kf-max-dist="+strconv.Itoa(perSecond), "--kf-min-dist="+strconv.Itoa(perSecond),
		"--quiet", "--output="+file, "-")
	var complaints bytes.Buffer
	command.Stderr = &complaints
	pipe, err := command.StdinPipe()
	if err != nil {
		return fmt.Errorf("opening a pipe to %s: %w", program, err)
	}
	if err := command.Start(); err != nil {
		return fmt.Errorf("starting %s: %w", program, err)
	}
	frames := bufio.NewWriterSize(pipe, width*height)
	// Where the encoder has ended its complaints say more than a broken pipe.
	written := errors.Join(draw(frames), frames.Flush(), pipe.Close())
	if err := command.Wait(); err != nil {
		return fmt.Errorf("%s: %w\n%s", program, err, bytes.TrimSpace(complaints.Bytes()))
	}
	return written
}

// draw writes the film as uncompressed video (YUV4MPEG2), and draws as many
// frames at a time as there are processors.
func draw(to io.Writer) error {
	if _, err := fmt.Fprintf(to, "YUV4MPEG2 W%d H%d F%d:1 Ip A1:1 C420jpeg\n", width, height, perSecond); err != nil {
		return err
	}
	day := newDay()
	canvases := make([]*canvas, runtime.NumCPU())
	drawn := make([]chan struct{}, len(canvases))
	for i := range canvases {
		canvases[i], drawn[i] = &canvas{}, make(chan struct{})
	}
	// A file ends when its last frame begins.
	const frames = Seconds*perSecond + 1
	for first := 0; first < frames; first += len(canvases) {
		for i, c := range canvases {
			go func() {
				day.frame(c, float64(first+i)/perSecond)
				drawn[i] <- struct{}{}
			}()
		}
		var failure error
		for i, c := range canvases {
			<-drawn[i]
			if failure == nil && first+i < frames {
				failure = c.write(to)
			}
		}
		if failure != nil {
			return failure
		}
	}
	return nil
}
