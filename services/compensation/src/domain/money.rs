//! What remedies come to.

use redress_domain::{
    Currency, Money, Rejection,
    handbook::{Executor, RemedyKind},
};
use redress_proto::compensation::v1 as pb;

use super::{
    not_countable,
    state::{Exposure, PaymentState, Remedy, RemedyState, Resolution, State, Totals},
    waybill::Stake,
};

impl Totals {
    /// What these come to; cancelled ones do not count.
    ///
    /// # Errors
    /// `LIMIT_EXCEEDED` beyond 2⁶³ minor units.
    pub fn of<'a>(
        currency: Currency,
        remedies: impl IntoIterator<Item = &'a Remedy>,
    ) -> Result<Self, Rejection> {
        let zero = Money::zero(currency);
        let mut totals = Self { cash: zero, freight: zero, coupons: zero, goods: zero, total: zero };
        for remedy in remedies.into_iter().filter(|remedy| remedy.state != RemedyState::Cancelled) {
            let Some(amount) = remedy.amount else { continue };
            let part = match remedy.kind {
                RemedyKind::FreightReduction | RemedyKind::FreightWaiver => &mut totals.freight,
                RemedyKind::Coupon | RemedyKind::VipCard => &mut totals.coupons,
                RemedyKind::Resend => &mut totals.goods,
                RemedyKind::Cash
                | RemedyKind::PriorityDelivery
                | RemedyKind::Apology
                | RemedyKind::InternalPenalty => &mut totals.cash,
            };
            *part = part.checked_add(amount).map_err(|error| not_countable(&error))?;
            totals.total = totals.total.checked_add(amount).map_err(|error| not_countable(&error))?;
        }
        Ok(totals)
    }

    /// As on the wire.
    pub fn wire(&self) -> pb::Totals {
        pb::Totals {
            cash: Some(self.cash.into()),
            freight: Some(self.freight.into()),
            coupons: Some(self.coupons.into()),
            goods: Some(self.goods.into()),
            total: Some(self.total.into()),
        }
    }
}

impl Exposure {
    /// As on the wire.
    pub fn wire(&self, currency: Currency) -> pb::Exposure {
        let money = |minor: i64| Some(Money::new(minor, currency).into());
        pb::Exposure {
            case_total: money(self.case_total_minor),
            waybill_total: money(self.waybill_total_minor),
            waybill_paid: money(self.waybill_paid_minor),
        }
    }
}

impl Resolution {
    /// What the present proposal comes to.
    ///
    /// # Errors
    /// `LIMIT_EXCEEDED`.
    pub fn totals(&self) -> Result<Totals, Rejection> {
        Totals::of(self.currency, self.remedies())
    }

    /// What was approved to be paid in money, in minor units: before a reopening, and now.
    pub fn approved_minor(&self) -> i64 {
        let approved = self.proposal.as_ref().is_some_and(|proposal| proposal.approved_rank.is_some());
        let present = self.remedies().iter().filter(|_| approved);
        self.earlier.iter().chain(present).fold(0, |sum, remedy| sum.saturating_add(money_of(remedy)))
    }

    /// What has been paid, in minor units; money that landed twice counts twice.
    pub fn paid_minor(&self) -> i64 {
        let payments = self.all_remedies().flat_map(|remedy| &remedy.payments);
        let paid = payments.filter(|payment| payment.state == PaymentState::Paid);
        let by_hand = self.all_remedies().filter(|remedy| paid_by_hand(remedy));
        let sum = paid.fold(0_i64, |sum, payment| sum.saturating_add(payment.amount.minor));
        by_hand.fold(sum, |sum, remedy| sum.saturating_add(money_of(remedy)))
    }

    /// What may move or has moved, in minor units, except under `key` (I3).
    pub fn ordered_minor_besides(&self, key: &str) -> i64 {
        let payments = self.all_remedies().flat_map(|remedy| &remedy.payments);
        let others = payments.filter(|payment| payment.may_pay() && payment.key != key);
        let by_hand = self.all_remedies().filter(|remedy| paid_by_hand(remedy));
        let sum = others.fold(0_i64, |sum, payment| sum.saturating_add(payment.amount.minor));
        by_hand.fold(sum, |sum, remedy| sum.saturating_add(money_of(remedy)))
    }

    /// What the case has at stake on its waybill: everything that was given before, and the present proposal.
    pub fn stake(&self) -> Stake {
        let live = self.all_remedies().filter(|remedy| {
            remedy.state != RemedyState::Cancelled
                && (remedy.state != RemedyState::Planned
                    || !matches!(self.state, State::NotDue | State::Cancelled))
        });
        let total = live
            .fold(0_i64, |sum, remedy| sum.saturating_add(remedy.amount.map_or(0, |amount| amount.minor)));
        Stake { total_minor: total, paid_minor: self.paid_minor() }
    }
}

/// What a remedy pays in money.
fn money_of(remedy: &Remedy) -> i64 {
    if remedy.executor == Executor::Payments { remedy.amount.map_or(0, |amount| amount.minor) } else { 0 }
}

/// Carried out by finance by hand, after every payment of the system had come to nothing.
fn paid_by_hand(remedy: &Remedy) -> bool {
    remedy.executor == Executor::Payments
        && remedy.state == RemedyState::Executed
        && !remedy.payments.iter().any(|payment| payment.state == PaymentState::Paid)
}
