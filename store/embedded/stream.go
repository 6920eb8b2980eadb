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
	whole         bool // it has been read to its end
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
	c.whole = true
	return nil, io.EOF
}

// begin fetches blocks until there is more than shortResult of them, or all. The first
// ones are copied into head; data is the engine's, as of next.
func (c *cursor) begin() (head, data []byte, err error) {
	for len(head) <= shortResult {
		if data, err = c.next(); err != nil {
			return head, nil, err
		}
		if len(data) > shortResult {
			return head, data, nil
		}
		head = append(head, data...)
	}
	return head, nil, nil
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
		if !c.whole {
			c.session.tidy()
		}
	}
}

// stream reads a cursor. The engine computes a block when it is asked for, and no more
// than one is held, so a result of any size takes the memory of a block.
type stream struct {
	op  *operation
	cur *cursor

	mu     sync.Mutex
	head   []byte // comes before data
	data   []byte // what is left of the block
	err    error  // what follows it
	unhook func() bool
}

var errBodyClosed = errors.New("the result was closed before its end")

// shortResult is how many bytes may be held so that the end of a short result is seen
// before it is answered: it then takes one trip to the session's thread instead of
// three, and an exception behind it becomes a status.
const shortResult = 64 << 10

// openStream begins the statement and fetches its first block, since that is when most
// errors show: they can still be answered with a status. A short result comes back
// whole, and without a stream.
//
// The operation is left to the caller unless there is a stream or errAbandoned.
func openStream(op *operation, query, format string, params []parameter) (st *stream, short []byte, err error) {
	cur := &cursor{session: op.session}
	var data []byte
	if !op.run(func() {
		if err = cur.open(query, format, params); err == nil {
			short, data, err = cur.begin()
		}
		if err != nil {
			cur.close()
		}
	}, func() { op.session.do(cur.close) }) {
		return nil, nil, errAbandoned
	}
	if errors.Is(err, io.EOF) {
		return nil, short, nil
	}
	if err != nil {
		return nil, nil, err
	}
	st = &stream{op: op, cur: cur, head: short, data: data}
	// A caller that has gone without closing the body must not keep the session. It may have
	// gone already: then this is called at once, and waits until unhook is there.
	st.mu.Lock()
	defer st.mu.Unlock()
	st.unhook = context.AfterFunc(op.ctx, func() {
		st.mu.Lock()
		defer st.mu.Unlock()
		st.stop(context.Cause(op.ctx))
	})
	return st, nil, nil
}

// errAbandoned says that the operation will finish by itself.
var errAbandoned = errors.New("the query did not stop in time after it was cancelled")

func (st *stream) Read(p []byte) (int, error) {
	st.mu.Lock()
	defer st.mu.Unlock()
	if len(st.head) > 0 {
		n := copy(p, st.head)
		st.head = st.head[n:]
		return n, nil
	}
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
	cur := st.cur
	if !st.op.run(
		func() {
			if data, err = cur.next(); err != nil {
				cur.close()
			}
		},
		func() { st.op.session.do(cur.close) },
	) {
		st.err, st.cur = context.Cause(st.op.ctx), nil
		return
	}
	if st.data, st.err = data, err; err == nil {
		return
	}
	if cause := context.Cause(st.op.ctx); cause != nil && !errors.Is(err, io.EOF) {
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
	st.cur, st.head, st.data = nil, nil, nil
	st.unhook()
	if cur.handle != nil {
		st.op.session.do(cur.close)
	}
	st.op.finish()
}

// Close ends the query. What is left of the result is not computed.
func (st *stream) Close() error {
	st.op.cancel(errBodyClosed) // a Read that is under way returns
	st.mu.Lock()
	defer st.mu.Unlock()
	st.stop(errBodyClosed)
	return nil
}

// stop ends the query before its end, unless it has ended.
func (st *stream) stop(reason error) {
	st.end()
	if st.err == nil {
		st.err = reason
	}
}
