// The words of the page in English. zh.js holds the same keys.
export const en = {
  'title': 'Ledger', 'totals': 'Taken', 'payments': 'Newest payments', 'marks': 'Tills', 'intake': 'Since the start of the platform',
  'time': 'Time', 'till': 'Till', 'order': 'Order', 'tender': 'Tender', 'status': 'Status', 'amount': 'Amount', 'epoch': 'Journal',
  'held': 'Holds up to record', 'heard': 'Last heard', 'none': 'No payment has come in yet.', 'older': 'Older', 'newest': 'Back to the newest',
  'live': 'As of {time}', 'lost': 'The platform does not answer. What it holds is safe; this page waits for it.',
  'broker.away': 'The broker is away. The tills keep their records.', 'count': '{n} payments', 'count.one': '1 payment',
  'attempt': 'attempt {n}', 'refunded': '{amount} given back', 'unwanted': 'given up by the cashier', 'fork': 'from a forked journal',
  'tender.card': 'Card', 'tender.code': 'Customer’s code', 'tender.qr': 'QR', 'tender.cash': 'Cash', 'tender.none': 'None',
  'status.pending': 'Pending', 'status.approved': 'Approved', 'status.approved_offline': 'Approved offline', 'status.declined': 'Declined',
  'status.cancelled': 'Cancelled', 'status.expired': 'Expired', 'status.unknown': 'Unknown', 'status.captured': 'Captured',
  'status.forward_declined': 'Refused later', 'status.written_off': 'Written off', 'status.voided': 'Taken back',
  'status.partly_refunded': 'Partly refunded', 'status.refunded': 'Refunded', 'status.refund_due': 'Refund due',
  'intake.batches': 'batches {n}', 'intake.calls': 'calls {n}', 'intake.gaps': 'gaps {n}', 'intake.forks': 'forks {n}', 'intake.held': 'set aside {n}',
  'intake.forged': 'forged {n}', 'intake.broken': 'broken {n}', 'intake.dropped': 'dropped {n}', 'intake.failed': 'failed {n}',
};
