package assist

// fifo is a map of bounded size that forgets what was put in first.
type fifo[K comparable, V any] struct {
	m    map[K]V
	keys []K // a ring
	next int
}

func newFIFO[K comparable, V any](size int) fifo[K, V] {
	return fifo[K, V]{m: map[K]V{}, keys: make([]K, 0, size)}
}

func (f *fifo[K, V]) get(k K) (V, bool) {
	v, ok := f.m[k]
	return v, ok
}

func (f *fifo[K, V]) put(k K, v V) {
	if _, ok := f.m[k]; !ok {
		if len(f.keys) < cap(f.keys) {
			f.keys = append(f.keys, k)
		} else {
			delete(f.m, f.keys[f.next])
			f.keys[f.next] = k
			f.next = (f.next + 1) % len(f.keys)
		}
	}
	f.m[k] = v
}

// drop takes a job from a map's list.
func drop[K comparable](m map[K][]*job, k K, j *job) {
	if rest := without(m[k], j); len(rest) > 0 {
		m[k] = rest
	} else {
		delete(m, k)
	}
}

func without(jobs []*job, j *job) []*job {
	for i, other := range jobs {
		if other == j {
			return append(jobs[:i:i], jobs[i+1:]...)
		}
	}
	return jobs
}
