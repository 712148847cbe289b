//! How a customer is reached through a channel.

use redress_domain::handbook::Channel;
use redress_proto::intake::v1::Customer;

/// The address of a customer in a channel; none when nothing is known that reaches them there. Chats of the house's own
/// apps fall back to the phone number that their accounts are bound to.
pub fn address<'c>(channel: Channel, customer: &'c Customer, conversation: &'c str) -> Option<&'c str> {
    let (phone, email, account) =
        (customer.phone.as_str(), customer.email.as_str(), customer.account.as_str());
    let candidates: &[&str] = match channel {
        Channel::Hotline | Channel::Sms => &[phone],
        Channel::Email => &[email],
        Channel::OnlineChatWeb | Channel::OnlineChatApp | Channel::OnlineChatMiniProgram => {
            &[conversation, account, phone, email]
        }
        Channel::Wecom | Channel::Dingtalk => &[conversation, account, phone],
        Channel::Weibo | Channel::Douyin => &[conversation, account],
        Channel::SuggestionBox | Channel::OnSiteStaff => &[phone, email],
    };
    candidates.iter().copied().find(|address| !address.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_channel_is_reached_by_its_own_kind_of_address() {
        let customer = Customer { phone: "1".into(), account: "panda".into(), ..Customer::default() };
        assert_eq!(address(Channel::Sms, &customer, "thread"), Some("1"));
        assert_eq!(address(Channel::Email, &customer, "thread"), None);
        assert_eq!(address(Channel::Weibo, &customer, "thread"), Some("thread"));
        assert_eq!(address(Channel::Weibo, &customer, ""), Some("panda"));
        assert_eq!(address(Channel::Douyin, &Customer::default(), ""), None);
    }
}
