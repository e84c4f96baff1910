package zvt

import (
	"testing"

	"go.uber.org/goleak"

	"github.com/tillproof/tillproof/drivers/drivertest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestConformanceSerial(t *testing.T) { drivertest.CardTerminal(t, bench{}) }

func TestConformanceTCP(t *testing.T) { drivertest.CardTerminal(t, bench{stream: true}) }
