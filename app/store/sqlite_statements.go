package store

import (
	"context"
	"database/sql/driver"
	"slices"
)

// maxStatements is how many statements a connection keeps.
const maxStatements = 128

// A compiling connector opens connections that compile a statement once. The driver
// compiles each anew, which takes longer than to run most of ours and the queue's.
type compiling struct{ driver.Connector }

// Connect opens a connection.
func (c compiling) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return &connection{sqliteConn: conn.(sqliteConn), kept: map[string]*statement{}}, nil
}

// sqliteConn is what every connection of the driver can do.
type sqliteConn interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.ExecerContext
	driver.QueryerContext
	driver.Pinger
	driver.SessionResetter
	driver.Validator
}

// A connection is used by one goroutine at a time, as database/sql promises.
type connection struct {
	sqliteConn
	kept  map[string]*statement
	order []*statement // the one used last is last
}

// A statement is busy while its rows are read.
type statement struct {
	driver.Stmt
	text string
	busy bool
}

// statement is the compiled text, nil when it is busy: then it has to be compiled for
// this one time.
func (c *connection) statement(ctx context.Context, text string) (*statement, error) {
	if s := c.kept[text]; s != nil {
		if s.busy {
			return nil, nil
		}
		i := slices.Index(c.order, s)
		c.order = append(slices.Delete(c.order, i, i+1), s)
		return s, nil
	}
	compiled, err := c.PrepareContext(ctx, text)
	if err != nil {
		return nil, err
	}
	s := &statement{Stmt: compiled, text: text}
	c.kept[text], c.order = s, append(c.order, s)
	if len(c.order) > maxStatements {
		if i := slices.IndexFunc(c.order, func(s *statement) bool { return !s.busy }); i >= 0 {
			old := c.order[i]
			c.order = slices.Delete(c.order, i, i+1)
			delete(c.kept, old.text)
			return s, old.Close()
		}
	}
	return s, nil
}

// ExecContext runs a statement.
func (c *connection) ExecContext(ctx context.Context, text string, args []driver.NamedValue) (driver.Result, error) {
	s, err := c.statement(ctx, text)
	if err != nil {
		return nil, err
	}
	if s == nil {
		return c.sqliteConn.ExecContext(ctx, text, args)
	}
	return s.Stmt.(driver.StmtExecContext).ExecContext(ctx, args)
}

// QueryContext runs a statement that has rows.
func (c *connection) QueryContext(ctx context.Context, text string, args []driver.NamedValue) (driver.Rows, error) {
	s, err := c.statement(ctx, text)
	if err != nil {
		return nil, err
	}
	if s == nil {
		return c.sqliteConn.QueryContext(ctx, text, args)
	}
	found, err := s.Stmt.(driver.StmtQueryContext).QueryContext(ctx, args)
	if err != nil {
		return nil, err
	}
	s.busy = true
	return &rows{Rows: found, of: s}, nil
}

// Close closes the connection.
func (c *connection) Close() error {
	for _, s := range c.order {
		_ = s.Close() // the connection is closed in any case
	}
	return c.sqliteConn.Close()
}

// rows give their statement back when they are closed.
type rows struct {
	driver.Rows
	of *statement
}

// Close ends the reading.
func (r *rows) Close() error {
	r.of.busy = false
	return r.Rows.Close()
}
