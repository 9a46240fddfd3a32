package load

// Service is where the requests of a load go: to one of several pods, by the learner
// of a request's first update.
type Service struct {
	pods []string // their addresses
	pod  func(request, learner int) int
}

// Pod is the only one.
func Pod(address string) Service {
	return Service{[]string{address}, func(int, int) int { return 0 }}
}

// AnyPod is a Service without session affinity: each request goes to any pod, at
// random.
func AnyPod(addresses []string) Service {
	return Service{addresses, func(request, _ int) int { return int(mix(uint64(request)) % uint64(len(addresses))) }}
}

// PodOf is a Service whose learners stay on a pod of their own.
func PodOf(addresses []string, of func(learner int) int) Service {
	return Service{addresses, func(_, learner int) int { return of(learner) }}
}

// NotPodOf sends each request to any pod, at random, but the learner's own. There must
// be two pods at least.
func NotPodOf(addresses []string, of func(learner int) int) Service {
	return Service{addresses, func(request, learner int) int {
		away := 1 + int(mix(uint64(request))%uint64(len(addresses)-1))
		return (of(learner) + away) % len(addresses)
	}}
}
