package embedded

import (
	"syscall"
	"unsafe"
)

// dispositions are what the process does on each signal: the kernel's struct sigaction
// (rt_sigaction(2)), kept as it comes.
type dispositions [lastSignal + 1][4]uintptr

const (
	lastSignal = 64
	maskSize   = 8 // bytes, of the signal mask inside

	handler       = 0 // where struct sigaction has it
	systemDefault = 0 // SIG_DFL
)

// saveSignals reads every disposition. Go's own are put back after a call into the
// library that changes them: libc's sigaction would refuse some that Go's runtime uses.
func saveSignals() *dispositions {
	saved := new(dispositions)
	for signal := 1; signal <= lastSignal; signal++ {
		_, _, _ = syscall.RawSyscall6(syscall.SYS_RT_SIGACTION, uintptr(signal), 0, uintptr(unsafe.Pointer(&saved[signal])), maskSize, 0, 0)
	}
	return saved
}

// restore gives a handler back to each signal that has lost its own.
func (d *dispositions) restore() {
	now := saveSignals()
	for signal := 1; signal <= lastSignal; signal++ {
		if now[signal][handler] == systemDefault && d[signal][handler] != systemDefault {
			_, _, _ = syscall.RawSyscall6(syscall.SYS_RT_SIGACTION, uintptr(signal), uintptr(unsafe.Pointer(&d[signal])), 0, maskSize, 0, 0)
		}
	}
}
