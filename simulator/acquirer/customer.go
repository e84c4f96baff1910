package acquirer

import (
	"time"

	"github.com/tillproof/tillproof/pos"
)

// Customer is what one order meets. The zero value pays a code or an issued QR at once, and no call fails.
type Customer struct {
	After        time.Duration // until the customer decides; with a code and more than 0 the first answer is waiting
	Declines     bool          // decides against it
	Never        bool          // never decides
	BeforeCancel bool          // of one who has not decided: pays in the moment before the first cancel is carried out
	Late         time.Duration // above 0: the money arrives that long after the order was closed or declined, although it was
	Amount       pos.Minor     // what is paid of an issued QR instead of what is asked; 0: as asked

	LoseRequests int           // so many calls of authorise, issue or expect never arrive
	LoseAnswers  int           // after those, so many are carried out, and their answers are lost
	Slow         time.Duration // a payment call arrives that late, even when its caller has gone
	LoseQueries  int           // so many queries are unclear
	LoseCancels  int           // so many cancels are carried out, and their answers are lost
	RefuseTries  int           // so many tries to collect an offline approval are declined
	LoseCaptures int           // so many calls to collect one are carried out, and their answers are lost
	LoseRefunds  int           // so many refunds are carried out, and their answers are lost

	RefuseRefunds int           // so many refunds are declined
	RefundAfter   time.Duration // a refund is answered with waiting for so long
	CaptureAfter  time.Duration // a try to collect an offline approval is answered with waiting for so long, and decided then
	Wrong         []Wrong       // what is the matter with the next answers, "" for nothing, whatever was asked; over [Acquirer.Handler] only

	Hang bool // what is lost keeps its caller waiting until the call's context ends, instead of failing at once
}
