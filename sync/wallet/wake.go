package wallet

// Wake tells a running loop that its Store holds a task which came there without [Loop.Begin], or whose Next was moved: in stage [Accepted], of the
// kind [Local], since no other kind may be begun without the loop's checks. It does not block and may be called at any time; a loop that is told
// nothing finds the task within a minute.
func (l *Loop) Wake() { l.rouse() }
