//! Personal data of a case's customer. Never part of documents, events or logs.

use redress_proto::intake::v1 as pb;
use redress_storage::{Result, Transaction, transaction::query_one};
use sea_orm::ConnectionTrait;
use uuid::Uuid;

use crate::store::column;

/// The customer of a case, as given. Printing it shows nothing.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct CustomerRow {
    /// Pseudonym.
    pub person_ref: String,
    /// What the customer told about themselves.
    pub customer: pb::Customer,
    /// Conversation, thread or call in the channel.
    pub conversation: String,
}

impl std::fmt::Debug for CustomerRow {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("CustomerRow")
    }
}

/// Writes the customer of a case.
pub async fn store(transaction: &Transaction, case_id: Uuid, row: &CustomerRow) -> Result<()> {
    let customer = &row.customer;
    transaction
        .execute(
            "store a customer",
            "insert into customer (case_id, person_ref, name, phone, email, account, sender_address,
                                   recipient_address, company, payee_account, customer_ref, corporate, conversation)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
             on conflict (case_id) do update set person_ref = $2, name = $3, phone = $4, email = $5, account = $6,
                 sender_address = $7, recipient_address = $8, company = $9, payee_account = $10, customer_ref = $11,
                 corporate = $12, conversation = $13",
            [
                case_id.into(),
                row.person_ref.as_str().into(),
                customer.name.as_str().into(),
                customer.phone.as_str().into(),
                customer.email.as_str().into(),
                customer.account.as_str().into(),
                customer.sender_address.as_str().into(),
                customer.recipient_address.as_str().into(),
                customer.company.as_str().into(),
                customer.payee_account.as_str().into(),
                customer.customer_ref.as_str().into(),
                customer.corporate.into(),
                row.conversation.as_str().into(),
            ],
        )
        .await?;
    Ok(())
}

/// The customer of a case; empty when nothing was ever recorded.
pub async fn read(connection: &impl ConnectionTrait, case_id: Uuid) -> Result<CustomerRow> {
    let row = query_one(
        connection,
        "read a customer",
        "select * from customer where case_id = $1",
        [case_id.into()],
    )
    .await?;
    let Some(row) = row else { return Ok(CustomerRow::default()) };
    Ok(CustomerRow {
        person_ref: column(&row, "person_ref")?,
        customer: pb::Customer {
            name: column(&row, "name")?,
            phone: column(&row, "phone")?,
            email: column(&row, "email")?,
            account: column(&row, "account")?,
            sender_address: column(&row, "sender_address")?,
            recipient_address: column(&row, "recipient_address")?,
            company: column(&row, "company")?,
            payee_account: column(&row, "payee_account")?,
            corporate: column(&row, "corporate")?,
            customer_ref: column(&row, "customer_ref")?,
        },
        conversation: column(&row, "conversation")?,
    })
}
