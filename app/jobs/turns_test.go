package jobs

import (
	"context"
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/rivertype"
)

// A recorder puts the turns together again.
type recorder struct {
	riverdriver.Executor
	whole riverdriver.JobSetStateIfRunningManyParams
	turns []int
}

func (r *recorder) JobSetStateIfRunningMany(_ context.Context, some *riverdriver.JobSetStateIfRunningManyParams) ([]*rivertype.JobRow, error) {
	whole, turn := reflect.ValueOf(&r.whole).Elem(), reflect.ValueOf(some).Elem()
	for i := range turn.NumField() {
		if turn.Field(i).Kind() == reflect.Slice {
			whole.Field(i).Set(reflect.AppendSlice(whole.Field(i), turn.Field(i)))
		} else {
			whole.Field(i).Set(turn.Field(i))
		}
	}
	r.turns = append(r.turns, len(some.ID))
	rows := make([]*rivertype.JobRow, len(some.ID))
	for i, id := range some.ID {
		rows[i] = &rivertype.JobRow{ID: id}
	}
	return rows, nil
}

// TestTurns demands that no job and no field of one is lost between the turns, those that
// River comes to have one day included.
func TestTurns(t *testing.T) {
	t.Parallel()
	const jobs = 2*maxTurn + 3
	all := riverdriver.JobSetStateIfRunningManyParams{Schema: "s"}
	v := reflect.ValueOf(&all).Elem()
	for _, f := range v.Fields() {
		if f.Kind() == reflect.Slice {
			f.Set(reflect.MakeSlice(f.Type(), jobs, jobs))
		}
	}
	for i := range all.ID {
		all.ID[i], all.State[i] = int64(i), rivertype.JobStateCompleted
		all.ErrData[i] = []byte{byte(i)}
	}
	r := &recorder{}
	rows, err := turns{r}.JobSetStateIfRunningMany(t.Context(), &all)
	if err != nil || len(rows) != jobs || rows[jobs-1].ID != jobs-1 {
		t.Errorf("%d rows, %v", len(rows), err)
	}
	if diff := cmp.Diff([]int{maxTurn, maxTurn, 3}, r.turns); diff != "" {
		t.Errorf("turns (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(all, r.whole); diff != "" {
		t.Errorf("together (-all +turns):\n%s", diff)
	}
}
