package embedded

import (
	"context"
	"errors"
	"io"
	"sync"
	"unsafe"
)

// cursor is a result that the engine hands out in blocks. Its methods run on the
// session's thread.
type cursor struct {
	session       *session
	handle, block unsafe.Pointer
}

func (c *cursor) open(query, format string, params []parameter) error {
	s := c.session
	c.handle = s.lib.call(s.lib.stream, s.handle, query, format, params)
	return s.lib.errorOf(c.handle)
}

// next returns the next block's bytes, which are the engine's own memory until the next
// call. At the end of the result it returns io.EOF.
func (c *cursor) next() ([]byte, error) {
	c.drop()
	lib := c.session.lib
	c.block = lib.streamFetch(*(*unsafe.Pointer)(c.session.handle), c.handle)
	if err := lib.errorOf(c.block); err != nil {
		return nil, err
	}
	if data := lib.bytesOf(c.block); len(data) > 0 {
		return data, nil
	}
	return nil, io.EOF
}

func (c *cursor) drop() {
	if c.block != nil {
		c.session.lib.destroy(c.block)
		c.block = nil
	}
}

// close ends the statement if it has not ended by itself.
func (c *cursor) close() {
	c.drop()
	if c.handle != nil {
		c.session.lib.streamCancel(*(*unsafe.Pointer)(c.session.handle), c.handle)
		c.session.lib.destroy(c.handle)
		c.handle = nil
	}
}

// stream reads a cursor. The engine computes a block when it is asked for, and no more
// than one is held, so a result of any size takes the memory of a block.
type stream struct {
	op  *operation
	cur *cursor

	mu   sync.Mutex
	data []byte // what is left of the block
	err  error  // what follows it
}

var errBodyClosed = errors.New("the result was closed before its end")

// openStream begins the statement and fetches its first block, since that is when most
// errors show: they can still be answered with a status. On an error the operation is
// left to the caller, unless it is over already.
func openStream(op *operation, query, format string, params []parameter) (*stream, error) {
	st := &stream{op: op, cur: &cursor{session: op.session}}
	var data []byte
	var err error
	if !op.run(func() {
		if err = st.cur.open(query, format, params); err == nil {
			data, err = st.cur.next()
		}
		if err != nil {
			st.cur.close()
		}
	}, func() { op.session.do(st.cur.close) }) {
		return nil, errAbandoned
	}
	if err != nil && err != io.EOF {
		return nil, err
	}
	st.data, st.err = data, err
	return st, nil
}

// errAbandoned says that the operation will finish by itself.
var errAbandoned = errors.New("the query did not stop in time after it was cancelled")

func (st *stream) Read(p []byte) (int, error) {
	st.mu.Lock()
	defer st.mu.Unlock()
	for len(st.data) == 0 {
		if st.err != nil {
			return 0, st.err
		}
		st.fetch()
	}
	n := copy(p, st.data)
	st.data = st.data[n:]
	return n, nil
}

func (st *stream) fetch() {
	if st.err = context.Cause(st.op.ctx); st.err != nil {
		st.end()
		return
	}
	var data []byte
	var err error
	if !st.op.run(
		func() { data, err = st.cur.next() },
		func() { st.op.session.do(st.cur.close) },
	) {
		st.err, st.cur = context.Cause(st.op.ctx), nil
		return
	}
	if st.data, st.err = data, err; err == nil {
		return
	}
	if cause := context.Cause(st.op.ctx); cause != nil && err != io.EOF {
		st.err = cause
	}
	st.end()
}

// end frees the session.
func (st *stream) end() {
	if st.cur == nil {
		return
	}
	cur := st.cur
	st.cur, st.data = nil, nil
	st.op.session.do(cur.close)
	st.op.finish()
}

// Close ends the query. What is left of the result is not computed.
func (st *stream) Close() error {
	st.op.cancel(errBodyClosed) // a Read that is under way returns
	st.mu.Lock()
	defer st.mu.Unlock()
	st.end()
	if st.err == nil {
		st.err = errBodyClosed
	}
	return nil
}
