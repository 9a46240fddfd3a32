package inject

import (
	"context"
	"encoding/base64"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/progress-sync/progress-sync/test/fault/world"
)

// receiverAway is long beside the times of retry: what would be an hour is a few seconds.
type receiverAway struct{ nothing }

func (receiverAway) Name() string { return "receiver of events away" }

func (receiverAway) Inject(ctx context.Context, w *world.World, random *rand.Rand) error {
	if err := w.Receiver.Leave(); err != nil {
		return err
	}
	rest(ctx, between(random, 3*time.Second, 8*time.Second))
	return nil
}

func (receiverAway) Heal(_ context.Context, w *world.World) error { return w.Receiver.Return() }

// receiverSlow answers late, at times later than a sender waits.
type receiverSlow struct{ nothing }

func (receiverSlow) Name() string { return "receiver of events slow" }

func (receiverSlow) Inject(_ context.Context, w *world.World, random *rand.Rand) error {
	w.Receiver.Delay(between(random, 100*time.Millisecond, 4*time.Second))
	return nil
}

func (receiverSlow) Heal(_ context.Context, w *world.World) error {
	w.Receiver.Delay(0)
	return nil
}

// receiverCut takes events or does not, and who sent them never hears which.
type receiverCut struct{ nothing }

func (receiverCut) Name() string { return "answers of the receiver of events lost" }

func (receiverCut) Inject(_ context.Context, w *world.World, _ *rand.Rand) error {
	w.Receiver.LoseAnswers(true)
	return nil
}

func (receiverCut) Heal(_ context.Context, w *world.World) error {
	w.Receiver.LoseAnswers(false)
	return nil
}

// poison is an event that the receiver refuses to the end of the round.
type poison struct {
	nothing
	lasting
}

func (poison) Name() string { return "receiver refuses an event (500)" }

func (poison) Inject(_ context.Context, w *world.World, _ *rand.Rand) error {
	w.Receiver.Pour()
	return nil
}

// senderKilled is kill -9 of a sidecar that sends events at that moment: they are committed
// and not sent yet, or the receiver has them and its answer is under way.
type senderKilled struct {
	nothing
	lasting
	taken bool
}

func (f senderKilled) Name() string {
	if f.taken {
		return "sender of events killed before the answer (kill -9)"
	}
	return "sender of events killed before they are taken (kill -9)"
}

func (f senderKilled) Inject(ctx context.Context, w *world.World, _ *rand.Rand) error {
	for end := time.Now().Add(sendPatience); time.Now().Before(end); {
		caught := w.Receiver.Catch(f.taken)
		killed := false
		if within(ctx, time.Until(end), caught.Came) {
			s := w.Sender(caught)
			killed = s != nil && s.Kill()
		}
		w.Receiver.Release(caught)
		if killed {
			return nil
		}
	}
	return errors.New("no events were sent for a minute")
}

// sendPatience is how long events may take to be sent: their lane may be one of a sidecar
// that was killed, and the database be away.
const sendPatience = time.Minute

// secretChanged has events signed with two secrets, then with the new one alone.
type secretChanged struct{ nothing }

func (secretChanged) Name() string { return "secret of the webhook changed" }

func (secretChanged) Inject(_ context.Context, w *world.World, random *rand.Rand) error {
	key := make([]byte, 32)
	for i := range key {
		key[i] = byte(random.Uint32())
	}
	return w.ChangeSecret("whsec_" + base64.StdEncoding.EncodeToString(key))
}

func (secretChanged) Heal(_ context.Context, w *world.World) error { return w.ForgetSecret() }
