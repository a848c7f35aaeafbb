package accounts

import (
	"testing"

	"github.com/google/uuid"

	"huskyidp/internal/seal"
	"huskyidp/internal/timingtest"
)

// S-13: the clock does not tell whether a name exists. A hash costs a twentieth of the real one, which leaves less to hide behind.
func TestTiming(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 1)
	f.hasher.params = HashParams{MemoryKiB: 2048, Passes: 1, Lanes: 1}
	f.hasher.dummy = f.hasher.seal(seal.PepperPassword, passwordPlace(uuid.Nil), "nobody's")
	f.register("maria")
	forget := func() {
		if _, err := f.querier().Exec(f.ctx(), `delete from sign_in_throttles`); err != nil {
			t.Fatal(err)
		}
	}
	timingtest.Alike(t, 1000, forget, func() { f.try("maria", wrongPassword) }, func() { f.try("nadie", wrongPassword) })
}
