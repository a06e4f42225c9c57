package chart

import (
	"slices"
	"sort"
	"strings"

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

// Parts are the parts of a span of the document that have an origin each.
func (o *Origins) Parts(span source.Span) []source.Span {
	var parts []source.Span
	for _, s := range o.segments(span) {
		parts = append(parts, source.Span{Start: s.Start, End: s.End})
	}
	return parts
}

// segments are those that overlap a span, or hold it if it is empty.
func (o *Origins) segments(span source.Span) []render.Segment {
	all := o.document.Segments
	end := max(span.End, span.Start+1)
	i := sort.Search(len(all), func(i int) bool { return all[i].End > span.Start })
	j := i
	for j < len(all) && all[j].Start < end {
		j++
	}
	return all[i:j]
}

// Of is the origin of a part of the document. Where actions and text have written it
// together, that is the place where they stand beside each other, and the value is the
// first of theirs.
func (o *Origins) Of(part source.Span) kube.Origin {
	segments := o.segments(part)
	if len(segments) == 0 {
		return kube.Origin{}
	}
	frame := o.origin(segments[0]).Frame
	for _, s := range segments[1:] {
		frame = o.common(frame, o.origin(s).Frame)
	}
	out := kube.Origin{Verified: true}
	for i, s := range segments {
		out.Verified = out.Verified && s.Verified
		place := o.exact(part, s, frame)
		if i == 0 {
			out.Template = place
		} else if place.File == out.Template.File && !place.IsZero() {
			out.Template.Span = source.Span{
				Start: min(out.Template.Span.Start, place.Span.Start), End: max(out.Template.Span.End, place.Span.End),
			}
		}
		if key := o.origin(s).Key; key != render.None && out.Value == nil {
			out.Value = o.value(key)
		}
	}
	return o.editable(out, frame)
}

func (o *Origins) origin(s render.Segment) render.Origin { return o.rendering.Origins[s.Origin] }

// value is a key of the values in force.
func (o *Origins) value(key int) *kube.Value {
	k := o.rendering.Keys[key]
	return &kube.Value{Key: k.Name, Place: o.chart.place(k.Place), Set: o.set}
}

// exact is the place in the template of what a segment has of a part, seen from a frame
// around it: text itself, an action that wrote it, or an inclusion in which it was written.
func (o *Origins) exact(part source.Span, s render.Segment, frame int) kube.Place {
	at := o.origin(s)
	if at.Frame != frame {
		inner := at.Frame
		for o.rendering.Frames[inner].Parent != frame {
			inner = o.rendering.Frames[inner].Parent
		}
		return o.chart.place(o.rendering.Frames[inner].Site)
	}
	place := o.chart.place(at.Place)
	whole := source.Span{Start: s.Start, End: s.End}
	if !place.IsZero() && place.File.Slice(place.Span) == o.file.Slice(whole) {
		start, end := max(part.Start, s.Start), min(part.End, s.End)
		place.Span = source.Span{Start: place.Span.Start + start - s.Start, End: place.Span.Start + max(start, end) - s.Start}
	}
	return place
}

// depth is how many inclusions lead to a frame.
func (o *Origins) depth(frame int) int {
	n := 0
	for ; frame != render.None; frame = o.rendering.Frames[frame].Parent {
		n++
	}
	return n
}

// common is the innermost frame in which two are.
func (o *Origins) common(a, b int) int {
	da, db := o.depth(a), o.depth(b)
	for ; da > db; da-- {
		a = o.rendering.Frames[a].Parent
	}
	for ; db > da; db-- {
		b = o.rendering.Frames[b].Parent
	}
	for a != b {
		a, b = o.rendering.Frames[a].Parent, o.rendering.Frames[b].Parent
	}
	return a
}

// editable adds the inclusions that lead to the place of an origin. A place in an archive
// is nothing that anybody could edit: it gives way to the inclusion that led there.
func (o *Origins) editable(out kube.Origin, frame int) kube.Origin {
	for ; frame != render.None; frame = o.rendering.Frames[frame].Parent {
		site := o.chart.place(o.rendering.Frames[frame].Site)
		if o.chart.packed[out.Template.File] {
			out.Template = site
			continue
		}
		out.Includes = append([]kube.Place{site}, out.Includes...)
	}
	if o.chart.packed[out.Template.File] {
		out.Template = kube.Place{}
	}
	if out.Value != nil && o.chart.packed[out.Value.File] {
		out.Value.Place = kube.Place{}
	}
	return out
}

// Absent is the origin that a field would have if a person added it to a mapping. The key
// is that of which all fields of the mapping were printed, or else that of a condition
// which kept the field away.
func (o *Origins) Absent(head, mapping source.Span, field string) kube.Origin {
	out := o.Of(head)
	out.Value = nil
	if key := o.feeding(mapping); key != render.None {
		out.Value = o.value(key)
	} else if b := o.keptAway(head, mapping, field); b != nil {
		frame := b.Frame
		out = o.editable(kube.Origin{Template: o.chart.place(b.Place), Verified: out.Verified}, frame)
		if b.Key != render.None {
			out.Value = o.value(b.Key)
		}
	}
	if out.Value != nil && o.chart.packed[out.Value.File] {
		out.Value.Place = kube.Place{}
	}
	return out
}

// feeding is the key of the values of which a mapping, or a part of its fields, was
// printed as a whole.
func (o *Origins) feeding(mapping source.Span) int {
	fed := render.None
	column := o.column(mapping.Start)
	for line := o.file.LineAt(mapping.Start); line <= o.file.LineAt(max(mapping.Start, mapping.End-1)); line++ {
		span := o.file.LineSpan(line)
		span.Start, span.End = max(span.Start, mapping.Start), min(span.End, mapping.End)
		text := o.file.Slice(span)
		span.Start += len(text) - len(strings.TrimLeft(text, " \t"))
		if span.Len() <= 0 || o.column(span.Start) != column {
			continue
		}
		segments := o.segments(source.Span{Start: span.Start, End: span.Start + 1})
		if len(segments) == 0 || o.origin(segments[0]).Key == render.None {
			continue
		}
		key := o.origin(segments[0]).Key
		if !slices.Contains([]string{"{}", "null", "~"}, strings.TrimSpace(o.file.Slice(span))) { // else the key itself is empty
			k := o.rendering.Keys[key]
			if key = k.Parent; key == render.None || k.Field == "" || !strings.HasPrefix(strings.TrimLeft(o.file.Slice(span), `"'`), k.Field) {
				continue
			}
		}
		if fed != render.None && fed != key {
			return render.None
		}
		fed = key
	}
	return fed
}

// column is where in its line an offset of the document stands.
func (o *Origins) column(offset int) int {
	return offset - o.file.LineSpan(o.file.LineAt(offset)).Start
}

// keptAway is the part of a template within a mapping that a condition kept away and that
// would set the field.
func (o *Origins) keptAway(head, mapping source.Span, field string) *render.Branch {
	field, _, _ = strings.Cut(field, ".")
	empty := mapping.Len() == 0
	column := o.column(mapping.Start)
	if empty {
		column = o.column(head.Start)
	}
	end := o.file.LineSpan(o.file.LineAt(max(mapping.End, head.End))).End
	var open *render.Branch
	for i := range o.document.Branches {
		b := &o.document.Branches[i]
		if b.After <= head.Start || b.After > end || b.Column != column && !(empty && b.Column > column) {
			continue
		}
		if b.Field == field {
			return b
		}
		if b.Field == "" && open == nil {
			open = b
		}
	}
	return open
}
