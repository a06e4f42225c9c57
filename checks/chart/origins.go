package chart

import (
	"sort"

	"github.com/chiselbot/chiselbot/checks/chart/render"
	"github.com/chiselbot/chiselbot/checks/kube"
	"github.com/chiselbot/chiselbot/checks/source"
)

// Origins are where the parts of one document come from.
type Origins struct {
	chart     *Chart
	set       string
	rendering *render.Rendering
	document  *render.Document
	file      *source.File
}

var _ kube.Origins = (*Origins)(nil)

// Of is the origin of a part of the document.
func (o *Origins) Of(part source.Span) kube.Origin {
	segments := o.document.Segments
	i := sort.Search(len(segments), func(i int) bool { return segments[i].End > part.Start })
	if i == len(segments) || segments[i].Start >= max(part.End, part.Start+1) {
		return kube.Origin{}
	}
	origin := o.origin(segments[i])
	// Where the template has the text as it is, the part is as exact there.
	whole := source.Span{Start: segments[i].Start, End: segments[i].End}
	at := &origin.Template
	if whole.Contains(part) && !at.IsZero() && at.File.Slice(at.Span) == o.file.Slice(whole) {
		at.Span = source.Span{Start: at.Span.Start + part.Start - whole.Start, End: at.Span.Start + part.End - whole.Start}
	}
	return origin
}

// Parts are the parts of a span of the document that have an origin each.
func (o *Origins) Parts(span source.Span) []source.Span {
	segments := o.document.Segments
	i := sort.Search(len(segments), func(i int) bool { return segments[i].End > span.Start })
	var parts []source.Span
	for ; i < len(segments) && segments[i].Start < span.End; i++ {
		parts = append(parts, source.Span{Start: segments[i].Start, End: segments[i].End})
	}
	return parts
}

// Absent is the origin that a field would have if a person added it.
func (o *Origins) Absent(head, _ source.Span, _ string) kube.Origin { return o.Of(head) }

func (o *Origins) origin(s render.Segment) kube.Origin {
	at := o.rendering.Origins[s.Origin]
	origin := kube.Origin{Template: o.chart.place(at.Place), Verified: s.Verified}
	for f := at.Frame; f != render.None; f = o.rendering.Frames[f].Parent {
		origin.Includes = append([]kube.Place{o.chart.place(o.rendering.Frames[f].Site)}, origin.Includes...)
	}
	if at.Key != render.None {
		key := o.rendering.Keys[at.Key]
		origin.Value = &kube.Value{Key: key.Name, Place: o.chart.place(key.Place), Set: o.set}
	}
	return origin
}
