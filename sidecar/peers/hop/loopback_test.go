package hop_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/buffer"
	"github.com/progress-sync/progress-sync/sidecar/peers/hop"
	"github.com/progress-sync/progress-sync/sidecar/progress"
	"github.com/progress-sync/progress-sync/test/kit"
)

func TestWhatIsHandedOnIsAnsweredInOrder(t *testing.T) {
	p := newPair(t, &home{}, quick())
	results, err := p.put("ada", "bob", "cleo")
	if err != nil {
		t.Fatal(err)
	}
	for i, user := range []string{"ada", "bob", "cleo"} {
		if want := update(user).Record(1, 0); results[i].Record != want {
			t.Errorf("result %d is %+v, want %+v", i, results[i].Record, want)
		}
	}
	key := progress.Key{UserID: "ada", CourseID: "c", LessonID: "l"}
	results, err = p.link.Reset(context.Background(), []progress.Key{key})
	if err != nil || results[0].Record != (progress.Record{Key: key, Generation: 1}) {
		t.Errorf("a reset is answered with %+v, %v", results, err)
	}
}

// Callers that would each make a request of their own take the network for each.
func TestCallersThatComeAtOnceShareARequestAndTheConnection(t *testing.T) {
	const callers = 64
	entered, release := make(chan struct{}), make(chan struct{})
	p := newPair(t, &home{before: func(call int) {
		if call == 1 {
			close(entered)
			<-release
		}
	}}, quick())
	var calls sync.WaitGroup
	call := func(user string) {
		calls.Go(func() {
			results, err := p.put(user)
			if err != nil || results[0].Record.UserID != user {
				t.Errorf("%s: %+v, %v", user, results, err)
			}
		})
	}
	call("user-0")
	<-entered
	for i := 1; i < callers; i++ {
		call(fmt.Sprint("user-", i))
	}
	kit.Eventually(t, "the others to wait", func() error {
		n := p.link.Waiting()
		return kit.Unless(n == callers-1, n)
	})
	close(release)
	calls.Wait()
	for i := range callers {
		if n := p.home.times(fmt.Sprint("user-", i)); n != 1 {
			t.Errorf("user %d was merged %d times", i, n)
		}
	}
	if p.home.calls != 2 || p.proxy.count() != 1 {
		t.Errorf("%d requests on %d connections, want 2 on 1", p.home.calls, p.proxy.count())
	}
}

func TestACallThatIsLargerThanARequestMakesSeveral(t *testing.T) {
	p := newPair(t, &home{}, quick())
	users := make([]string, 4500)
	for i := range users {
		users[i] = fmt.Sprint("user-", i)
	}
	results, err := p.put(users...)
	if err != nil || len(results) != len(users) {
		t.Fatalf("%d results, %v", len(results), err)
	}
	for i := range results {
		if results[i].Record.UserID != users[i] {
			t.Fatalf("result %d is of %s", i, results[i].Record.UserID)
		}
	}
	if p.home.calls != 3 {
		t.Errorf("%d requests, want 3", p.home.calls)
	}
}

func TestACallThatIsRefusedHalfwayTellsWhatWasTaken(t *testing.T) {
	p := newPair(t, &home{after: func(call int) error {
		if call == 2 {
			return buffer.ErrNoSpace
		}
		return nil
	}}, quick())
	results, err := p.put(strings.Split(strings.Repeat("ada,", 2999)+"ada", ",")...)
	if len(results) != 2000 || !errors.Is(err, buffer.ErrNoSpace) {
		t.Errorf("%d results, %v", len(results), err)
	}
}

// The home merged it, and the answer was lost: without the number the repeat counts
// twice.
func TestAnAnswerThatIsLostCountsOnce(t *testing.T) {
	h := &home{}
	p := newPair(t, h, quick())
	h.after = func(call int) error {
		if call == 1 {
			p.proxy.cut()
		}
		return nil
	}
	results, err := p.put("ada")
	if err != nil || results[0].Record.UserID != "ada" {
		t.Fatalf("%+v, %v", results, err)
	}
	if n := h.times("ada"); n != 1 {
		t.Errorf("it was merged %d times", n)
	}
	if e := <-p.exchanges; e.Attempts != 2 {
		t.Errorf("there were %d attempts", e.Attempts)
	}
}

func TestAHomeThatIsKilledWhileItWorksAndComesBackCountsOnce(t *testing.T) {
	h := &home{}
	p := newPair(t, h, quick())
	h.after = func(call int) error {
		if call == 1 {
			kill(p.server)
			p.restart(t)
			return errors.New("nobody is left to read this")
		}
		return nil
	}
	results, err := p.put("ada")
	if err != nil || results[0].Record.UserID != "ada" || h.times("ada") != 1 {
		t.Fatalf("%+v, %v, merged %d times", results, err, h.times("ada"))
	}
}

func TestAHomeThatIsKilledAndStaysAwayLeavesADoubt(t *testing.T) {
	h := &home{}
	times := quick()
	times.Answer = 200 * time.Millisecond
	p := newPair(t, h, times)
	h.after = func(int) error {
		kill(p.server)
		return nil
	}
	if _, err := p.put("ada"); !errors.Is(err, hop.ErrInDoubt) || errors.Is(err, hop.ErrUnreachable) {
		t.Fatalf("got %v: the home has it, so that accepting it here too would count it twice", err)
	}
	if _, err := p.put("bob"); !errors.Is(err, hop.ErrUnreachable) {
		t.Errorf("got %v: of this one nothing was sent", err)
	}
}

func TestWhatAnswersNothingLeavesADoubt(t *testing.T) {
	for name, change := range map[string]func(*proxy){
		"answers are lost":         func(p *proxy) { p.swallowsBack = true },
		"nothing comes either way": func(p *proxy) { p.swallowsBack, p.swallowsThere = true, true },
	} {
		t.Run(name, func(t *testing.T) {
			times := quick()
			times.Answer = 300 * time.Millisecond
			p := newPair(t, &home{}, times)
			if _, err := p.put("ada"); err != nil {
				t.Fatal(err)
			}
			p.proxy.set(change)
			if _, err := p.put("bob"); !errors.Is(err, hop.ErrInDoubt) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// A home that is slow shows signs of life, and its connection stays, with all else
// that is on it.
func TestASlowHomeKeepsItsConnection(t *testing.T) {
	times := quick()
	times.Ping, times.Pong = time.Millisecond, time.Minute
	greeted := make(chan struct{})
	h := &home{before: func(int) { <-greeted }}
	p := newPair(t, h, times)
	// The first hello was on the connection before the batch.
	p.proxy.onBack = func(n int) {
		if n == 20 {
			close(greeted)
		}
	}
	if _, err := p.put("ada"); err != nil {
		t.Fatal(err)
	}
	if e := <-p.exchanges; e.Attempts != 1 || p.proxy.count() != 1 {
		t.Errorf("%d attempts on %d connections", e.Attempts, p.proxy.count())
	}
}

// A connection on which answers are lost is found by its silence, early enough to
// repeat the batch on another one.
func TestASilentConnectionIsReplacedBeforeThereIsADoubt(t *testing.T) {
	times := quick()
	times.Ping, times.Pong, times.Answer = 100*time.Millisecond, 100*time.Millisecond, time.Minute
	h := &home{}
	p := newPair(t, h, times)
	h.before = func(call int) {
		if call == 1 {
			p.proxy.silence()
		}
	}
	results, err := p.put("ada")
	if err != nil || results[0].Record.UserID != "ada" || h.times("ada") != 1 {
		t.Fatalf("%+v, %v, merged %d times", results, err, h.times("ada"))
	}
	if e := <-p.exchanges; e.Attempts < 2 || p.proxy.count() < 2 {
		t.Errorf("%d attempts on %d connections", e.Attempts, p.proxy.count())
	}
}

// Whoever takes one of these for a doubt makes learners send again what nobody has.
func TestNoConnectionIsNoDoubt(t *testing.T) {
	stranger := newIdentity(t)
	for name, c := range map[string]struct {
		spoil  func(*testing.T, *pair)
		reason string
	}{
		"nobody listens": {func(_ *testing.T, p *pair) { kill(p.server) }, hop.ReasonConnect},
		"connections are closed at once": {func(_ *testing.T, p *pair) {
			p.proxy.set(func(p *proxy) { p.refuses = 1000 })
		}, hop.ReasonConnect},
		"TLS is not answered": {func(_ *testing.T, p *pair) {
			p.proxy.set(func(p *proxy) { p.swallowsBack = true })
		}, hop.ReasonConnect},
		"what listens has another key": {func(_ *testing.T, p *pair) { p.peer.Key = stranger.key }, hop.ReasonConnect},
		"this sidecar's key is not registered": {func(t *testing.T, p *pair) {
			kill(p.server)
			p.doorOptions.TLS = p.there.tls(func() []string { return nil })
			p.restart(t)
		}, hop.ReasonConnect},
		"the home stops": {func(_ *testing.T, p *pair) { p.server.Stop() }, hop.ReasonRefused},
	} {
		t.Run(name, func(t *testing.T) {
			times := quick()
			times.Connect = 2 * time.Second
			p := newPair(t, &home{}, times)
			c.spoil(t, p)
			p.links.Follow([]hop.Peer{p.peer})
			var u *hop.UnreachableError
			_, err := p.put("ada")
			if !errors.Is(err, hop.ErrUnreachable) || !errors.As(err, &u) || u.Reason != c.reason || p.home.times("ada") != 0 {
				t.Fatalf("got %v, and the home merged it %d times", err, p.home.times("ada"))
			}
		})
	}
}

// A home that stops between two batches has read nothing of the second.
func TestAHomeThatStopsRefusesUnread(t *testing.T) {
	p := newPair(t, &home{}, quick())
	if _, err := p.put("ada"); err != nil {
		t.Fatal(err)
	}
	p.server.Stop()
	var u *hop.UnreachableError
	if _, err := p.put("bob"); !errors.As(err, &u) || u.Reason != hop.ReasonRefused || p.home.times("bob") != 0 {
		t.Errorf("got %v, and the home merged it %d times", err, p.home.times("bob"))
	}
}

func TestAPeerThatIsBackIsUsedAgain(t *testing.T) {
	p := newPair(t, &home{}, quick())
	kill(p.server)
	if _, err := p.put("ada"); !errors.Is(err, hop.ErrUnreachable) {
		t.Fatalf("got %v", err)
	}
	p.restart(t)
	kit.Eventually(t, "the peer to be used again", func() error {
		_, err := p.put("bob")
		return err
	})
}

// A home that was restarted would stay unused for the rest of a pause of up to 30 s.
func TestAPeerThatAnswersAGreetingIsUsedAtOnce(t *testing.T) {
	times := quick()
	times.OpenFirst, times.OpenMost = time.Hour, time.Hour
	p := newPair(t, &home{}, times)
	kill(p.server)
	if _, err := p.put("ada"); !errors.Is(err, hop.ErrUnreachable) {
		t.Fatalf("it was reached: %v", err)
	}
	if err := p.link.Greet(t.Context()); err == nil {
		t.Error("it answers a greeting")
	}
	p.restart(t)
	if err := p.link.Greet(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := p.put("ada"); err != nil {
		t.Error(err)
	}
}

func TestASlowHomeIsWaitedFor(t *testing.T) {
	entered, release := make(chan struct{}), make(chan struct{})
	p := newPair(t, &home{before: func(call int) {
		if call == 1 {
			close(entered)
			<-release
		}
	}}, quick())
	type answer struct {
		results []buffer.Result
		err     error
	}
	first, second := make(chan answer, 1), make(chan answer, 1)
	go func() { r, err := p.put("ada"); first <- answer{r, err} }()
	<-entered
	go func() { r, err := p.put("bob"); second <- answer{r, err} }()
	close(release)
	for _, c := range []chan answer{first, second} {
		if a := <-c; a.err != nil {
			t.Error(a.err)
		}
	}
}

func TestErrorsOfTheHomeArrive(t *testing.T) {
	for name, c := range map[string]struct{ given, want error }{
		"no space: the home has nothing of it":       {buffer.ErrNoSpace, buffer.ErrNoSpace},
		"closed: the home has nothing of it":         {buffer.ErrClosed, hop.ErrUnreachable},
		"a failed disk: it may have it":              {buffer.ErrFailed, hop.ErrInDoubt},
		"an error that nobody knows: it may have it": {errors.New("unheard of"), hop.ErrInDoubt},
	} {
		t.Run(name, func(t *testing.T) {
			times := quick()
			times.Answer = 100 * time.Millisecond
			p := newPair(t, &home{after: func(int) error { return c.given }}, times)
			if _, err := p.put("ada"); !errors.Is(err, c.want) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// What answers garbage may have taken the batch, whatever it says.
func TestGarbageForAnAnswerLeavesADoubt(t *testing.T) {
	for name, garbage := range map[string]http.HandlerFunc{
		"text":              func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "hello") },
		"nothing":           func(http.ResponseWriter, *http.Request) {},
		"a fault":           func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) },
		"an endless answer": func(w http.ResponseWriter, r *http.Request) { endless(w, r) },
		"too few results":   func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte{1, 0, 0}) },
	} {
		t.Run(name, func(t *testing.T) {
			times := quick()
			times.Answer = 150 * time.Millisecond
			link := linkTo(t, garbage, times)
			if _, err := link.Put(context.Background(), []progress.Update{update("ada")}); !errors.Is(err, hop.ErrInDoubt) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestAPeerThatLeftGetsNothing(t *testing.T) {
	p := newPair(t, &home{}, quick())
	if _, err := p.put("ada"); err != nil {
		t.Fatal(err)
	}
	p.links.Follow(nil)
	if p.links.To("home") != nil {
		t.Error("it is still a peer")
	}
	var u *hop.UnreachableError
	if _, err := p.put("bob"); !errors.As(err, &u) || u.Reason != hop.ReasonLeft {
		t.Errorf("got %v", err)
	}
}

// A peer that comes back under another address and key goes on with its numbers.
func TestAPeerThatMovedKeepsItsNumbers(t *testing.T) {
	p := newPair(t, &home{}, quick())
	if _, err := p.put("ada"); err != nil {
		t.Fatal(err)
	}
	next := startProxy(t, p.proxy.target)
	p.peer.Address = next.address
	p.links.Follow([]hop.Peer{p.peer})
	if p.links.To("home") != p.link {
		t.Error("it has another link, whose numbers begin anew")
	}
	if _, err := p.put("bob"); err != nil {
		t.Fatal(err)
	}
	if next.count() != 1 {
		t.Error("it was not asked where it is")
	}
}

// The registry tells of a restarted peer while a connection to it is being made.
func TestAPeerThatIsAnotherProcessByTheTimeItIsReached(t *testing.T) {
	for name, c := range map[string]struct {
		changes int
		want    error
	}{
		"once is called again":           {1, nil},
		"again and again is unreachable": {1000, hop.ErrUnreachable},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPair(t, &home{}, quick())
			changes := 0
			var links *hop.Links
			links = hop.NewLinks(hop.Options{Times: quick(), TLS: func(peer hop.Peer) *tls.Config {
				if changes++; changes <= c.changes {
					peer.Key += "x"
					links.Follow([]hop.Peer{peer})
				}
				return p.here.tls(func() []string { return []string{p.there.key} })
			}})
			defer links.Close(t.Context())
			links.Follow([]hop.Peer{p.peer})
			if _, err := links.To("home").Put(t.Context(), []progress.Update{update("ada")}); !errors.Is(err, c.want) {
				t.Errorf("%v, want %v", err, c.want)
			}
		})
	}
}

func TestClosingWaitsForWhatIsUnderWay(t *testing.T) {
	entered, release := make(chan struct{}), make(chan struct{})
	p := newPair(t, &home{before: func(int) {
		close(entered)
		<-release
	}}, quick())
	answered := make(chan error, 1)
	go func() { _, err := p.put("ada"); answered <- err }()
	<-entered
	closed := make(chan struct{})
	go func() {
		defer close(closed)
		p.links.Close(context.Background())
	}()
	close(release)
	if err := <-answered; err != nil {
		t.Errorf("got %v", err)
	}
	<-closed
	if _, err := p.put("bob"); !errors.Is(err, hop.ErrUnreachable) {
		t.Errorf("after the end: %v", err)
	}
}
