package render

import "time"

// A Request is one chart and the sets of values that it is rendered with. It is plain
// data, so that it can be sent to another process.
type Request struct {
	// Files are the chart's files with those of its dependencies, which stand below
	// charts/, and the values files that sets name.
	Files []File
	// Missing are the dependencies that nobody could supply.
	Missing []Dependency
	// Sets are the sets of values, each giving one Rendering.
	Sets []Set
	// Limits bound the work; those that are zero have their defaults.
	Limits Limits
}

// A File is one file of a request. Places name it by its index.
type File struct {
	// Name is the file's path in the chart: "templates/service.yaml",
	// "charts/common/values.yaml". A values file that is no part of the chart has none.
	Name string
	// Path names the file in messages.
	Path string
	Data string
}

// A Dependency is a dependency that a chart declares.
type Dependency struct {
	// Chart is the folder of the chart that declares it, "" or "charts/name/".
	Chart string
	// Name is the dependency's name there: the alias if it has one.
	Name string
}

// A Set is a set of values to render a chart with.
type Set struct {
	// Values are the indices of values files that are laid over the chart's own, each
	// over those before it.
	Values []int
	// Assignments are laid over the files, in the syntax of Helm's --set.
	Assignments []string
	// KubeVersion and APIVersions are what the cluster is said to have; empty for what
	// Helm assumes.
	KubeVersion string
	APIVersions []string
}

// Limits bound the work on one request. A limit that is reached is a problem and ends
// the rendering of a set.
type Limits struct {
	// Time is for all of the request.
	Time time.Duration
	// Output is the largest number of bytes that one set's documents have together.
	Output int
	// Work is the largest number of bytes that one set's functions make and take together.
	Work int
}

func (l Limits) withDefaults() Limits {
	if l.Time == 0 {
		l.Time = 20 * time.Second
	}
	if l.Output == 0 {
		l.Output = 64 << 20
	}
	if l.Work == 0 {
		l.Work = 1 << 30
	}
	return l
}

// A Response is what a request's sets rendered to, in their order.
type Response struct {
	Renderings []Rendering
}

// A Rendering is a chart rendered with one set of values.
type Rendering struct {
	// Documents are what the templates rendered to, in the order of their names.
	Documents []Document
	// Origins, Frames and Keys are what segments refer to by index.
	Origins []Origin
	Frames  []Frame
	Keys    []Key
	// Problems are what kept parts of the chart from being rendered or mapped.
	Problems []Problem
}

// A Document is what one template rendered to.
type Document struct {
	// File is the template.
	File int
	// Text is the text that Helm's engine gave.
	Text string
	// Segments say where the text comes from, in its order. Text that no segment holds,
	// white space apart, is of unknown origin.
	Segments []Segment
	// Branches are the parts of templates that a condition kept from the text.
	Branches []Branch
	// Stubbed are the names of templates of missing dependencies that the text lacks.
	Stubbed []string
}

// A Segment is a part of a document, within one line, with one origin.
type Segment struct {
	Start, End int
	Origin     int
	// Verified says that Helm's own text has this segment at this place.
	Verified bool
}

// A Place is a span of bytes in a file.
type Place struct {
	File       int
	Start, End int
}

// None is the index of what there is none of, and the file of a place that is nowhere.
const None = -1

// An Origin is where a segment comes from.
type Origin struct {
	// Place is the text or the action of a template that wrote the segment.
	Place Place
	// Frame is the inclusion in which that happened, None at the top of a document.
	Frame int
	// Key is the values key that the segment was taken from, None where there is none.
	Key int
}

// A Frame is the inclusion of one template by another.
type Frame struct {
	// Site is the including action.
	Site Place
	// Parent is the frame of the site, None at the top of a document.
	Parent int
}

// A Key is a key of the values.
type Key struct {
	// Name is the key as it is written behind .Values in the chart that has the file of
	// Place, or else in the chart that is rendered.
	Name string
	// Place is where the values in force set it; its file is None when nothing does.
	Place Place
	// Assigned says that one of the set's assignments sets it.
	Assigned bool
	// Parent is the index of the key that holds it, None at the top; Field is its name
	// there, "" for an item of a list.
	Parent int
	Field  string
}

// A Branch is a part of a template that a condition kept from a document.
type Branch struct {
	// After is the offset in the document behind which the part would stand, Column the
	// column at which it would start.
	After, Column int
	// Place is the action of the condition, Frame the inclusion in which it stands.
	Place Place
	Frame int
	// Field is the field that the part sets first, "" if an action prints its fields.
	Field string
	// Key is the values key on which the condition hangs, None where it is not known.
	Key int
}

// A Reason is why something could not be rendered.
type Reason string

// The reasons of problems.
const (
	// Syntax: a file is not what its name promises: a template does not parse.
	Syntax Reason = "syntax"
	// Required: a template calls `required` and the value is missing.
	Required Reason = "required"
	// Fail: a template calls `fail`.
	Fail Reason = "fail"
	// Nil: a template reads a field of a value that is missing.
	Nil Reason = "nil"
	// Version: the chart refuses the Kubernetes version, or the version is none.
	Version Reason = "version"
	// Missing: a dependency is missing and parts of the chart depend on it.
	Missing Reason = "missing"
	// Limit: the chart asks for more work than is done for anybody.
	Limit Reason = "limit"
	// Other: anything else that makes Helm give up.
	Other Reason = "other"
)

// A Problem is why a chart or a part of it could not be rendered.
type Problem struct {
	Reason Reason
	// Place is where it happened; its file is None when it is about the chart.
	Place Place
	// Templates are those whose documents are lost; none when it is about the chart.
	Templates []int
	// Message is the sentence of Helm or of the chart.
	Message string
	// Key is the values key that is missing, where it is known.
	Key string
	// Dependency is the index of the missing dependency, None where it is not about one.
	Dependency int
}
