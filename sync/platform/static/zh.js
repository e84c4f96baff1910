// The words of the page in Chinese. en.js holds the same keys.
export const zh = {
  'title': '账本', 'totals': '已收款', 'payments': '最新付款', 'marks': '收银机', 'intake': '平台启动以来',
  'time': '时间', 'till': '收银机', 'order': '订单', 'tender': '付款方式', 'status': '状态', 'amount': '金额', 'epoch': '日志',
  'held': '已保管至记录', 'heard': '最近收到', 'none': '还没有收到付款。', 'older': '更早', 'newest': '回到最新',
  'live': '截至 {time}', 'lost': '平台没有应答。已保管的数据是安全的，本页会自动等待。',
  'broker.away': '消息代理不可用。收银机会保留自己的记录。', 'count': '{n} 笔', 'count.one': '1 笔',
  'attempt': '第 {n} 次', 'refunded': '已退 {amount}', 'unwanted': '收银员已放弃', 'fork': '来自分叉的日志',
  'tender.card': '银行卡', 'tender.code': '付款码', 'tender.qr': '二维码', 'tender.cash': '现金', 'tender.none': '无',
  'status.pending': '等待中', 'status.approved': '收款成功', 'status.approved_offline': '离线批准', 'status.declined': '被拒绝',
  'status.cancelled': '已取消', 'status.expired': '已超时', 'status.unknown': '结果未知', 'status.captured': '收款成功',
  'status.forward_declined': '事后被拒', 'status.written_off': '已核销', 'status.voided': '已撤销',
  'status.partly_refunded': '部分退款', 'status.refunded': '已退款', 'status.refund_due': '需要退款',
  'intake.batches': '批次 {n}', 'intake.calls': '请求 {n}', 'intake.gaps': '缺口 {n}', 'intake.forks': '分叉 {n}', 'intake.held': '搁置 {n}',
  'intake.forged': '伪造 {n}', 'intake.broken': '损坏 {n}', 'intake.dropped': '丢弃 {n}', 'intake.failed': '失败 {n}',
};
