package githubtest

import (
	"net/http"
	"time"
)

// An Effect is what goes wrong with a request.
type Effect int

// What can go wrong, before or after the request had its effect.
const (
	BadGateway      Effect = iota // 502 and nothing done
	BadGatewayAfter               // 502, but it was done
	Unavailable                   // 503 and nothing done
	Drop                          // the connection ends without an answer, nothing done
	DropAfter                     // the connection ends without an answer, but it was done
	Hang                          // no answer until the client gives up, nothing done
	SlowBody                      // done, and the answer comes in pieces over Fault.Slowly
	CutBody                       // done, and the answer ends in the middle
	PrimaryLimit                  // the hour's requests are used up
	SecondaryLimit                // GitHub asks for silence of a minute
)

func (e Effect) String() string {
	return [...]string{"502", "502 after the effect", "503", "drop", "drop after the effect", "hang", "slow body", "cut body", "primary limit", "secondary limit"}[e]
}

// A Fault makes some requests go wrong.
type Fault struct {
	// Match selects requests; nil selects all.
	Match func(Request) bool
	// Skip is how many selected requests pass before, Times how many then go wrong: 0 is
	// one, less is all.
	Skip, Times int
	Effect      Effect
	// Slowly is how long a SlowBody takes.
	Slowly time.Duration

	seen, done int
}

// Inject makes requests go wrong from now on.
func (g *GitHub) Inject(f Fault) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.faults = append(g.faults, &f)
}

// Heal takes all faults away.
func (g *GitHub) Heal() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.faults = nil
}

// nextFault is the fault of a request, if it has one.
func (g *GitHub) nextFault(r Request) *Fault {
	for _, f := range g.faults {
		if f.Match != nil && !f.Match(r) {
			continue
		}
		f.seen++
		if f.seen > f.Skip && (f.Times < 0 || f.done < max(1, f.Times)) {
			f.done++
			return f
		}
	}
	return nil
}

// before reports whether the fault was the whole answer.
func (f *Fault) before(w http.ResponseWriter, r *http.Request) bool {
	switch f.Effect {
	case BadGateway:
		gatewayError(w, http.StatusBadGateway)
	case Unavailable:
		gatewayError(w, http.StatusServiceUnavailable)
	case Drop:
		panic(http.ErrAbortHandler)
	case Hang:
		<-r.Context().Done()
	default:
		return false
	}
	return true
}

// gatewayError is what stands before GitHub when GitHub does not answer: no JSON.
func gatewayError(w http.ResponseWriter, status int) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write([]byte("<html><head><title>Unicorn! &middot; GitHub</title></head></html>"))
}

// after writes the answer of a request that had its effect; false leaves it as it is.
func (f *Fault) after(w http.ResponseWriter, r *http.Request, status int, data []byte) bool {
	switch f.Effect {
	case BadGatewayAfter:
		for name := range w.Header() {
			w.Header().Del(name)
		}
		gatewayError(w, http.StatusBadGateway)
	case DropAfter:
		panic(http.ErrAbortHandler)
	case CutBody:
		w.WriteHeader(status)
		_, _ = w.Write(data[:len(data)/2])
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	case SlowBody:
		w.WriteHeader(status)
		const pieces = 4
		for i := range pieces {
			_, _ = w.Write(data[i*len(data)/pieces : (i+1)*len(data)/pieces])
			_ = http.NewResponseController(w).Flush()
			select {
			case <-r.Context().Done():
				return true
			case <-time.After(f.Slowly / pieces):
			}
		}
	default:
		return false
	}
	return true
}
