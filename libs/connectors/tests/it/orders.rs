use redress_connectors::file::{Behaviour, Port};
use redress_connectors::{BatchMember, Order, OrderDirectory as _, OrderStatus, PortError};
use serde_json::json;

use crate::world::{World, counts, yuan};

#[tokio::test]
async fn orders_are_found_by_waybill_and_batch() {
    let world = World::quiet("orders-found");
    let mut order = Order::new("A1");
    order.batch = Some("B7".to_owned());
    order.customer_ref = Some("c-1".to_owned());
    let orders = vec![order.clone(), Order::new("A2")];
    let put = world.enterprise.orders.put(orders.clone()).await;
    assert_eq!(put.map(counts), Ok((2, 0, 0)));
    assert_eq!(world.enterprise.orders.put(orders).await.map(counts), Ok((0, 0, 2)));

    let there = world.again().orders;
    assert_eq!(there.lookup("A1").await, Ok(Some(order.clone())));
    assert_eq!(there.lookup("A3").await, Ok(None));
    let member = BatchMember { waybill: "A1".to_owned(), customer_ref: Some("c-1".to_owned()) };
    assert_eq!(there.batch_members("B7").await, Ok(vec![member]));

    order.batch = Some("B8".to_owned());
    assert_eq!(there.put(vec![order]).await.map(counts), Ok((0, 1, 0)));
    assert_eq!(world.enterprise.orders.batch_members("B7").await, Ok(vec![]));
    assert_eq!(world.enterprise.orders.batch_members("B8").await.unwrap().len(), 1);
}

#[tokio::test]
async fn the_order_system_may_be_down_slow_or_ignorant() {
    let world = World::quiet("orders-faults");
    let orders = &world.enterprise.orders;
    orders.put(vec![Order::new("A1")]).await.unwrap();
    world.next(Port::Orders, &[Behaviour::Down, Behaviour::Slow, Behaviour::Unknown]);
    assert!(matches!(orders.lookup("A1").await, Err(PortError::Unavailable { .. })));
    assert_eq!(orders.lookup("A1").await, Err(PortError::Timeout));
    assert_eq!(orders.lookup("A1").await, Ok(None));
    assert_eq!(orders.lookup("A1").await, Ok(Some(Order::new("A1"))));
}

#[test]
fn an_order_is_written_as_scripts_write_it() {
    let order: Order = serde_json::from_value(json!({
        "waybill_no": "SF1234567890123",
        "goods_category": "fresh",
        "ordered_at": "2026-03-02T09:00:00+08:00",
        "status": "shipped",
        "goods_value": { "minor": 50000, "currency": "CNY" },
        "freight": { "currency_code": "CNY", "units": "12", "nanos": 500_000_000 },
    }))
    .unwrap();
    assert_eq!(order.status, Some(OrderStatus::InTransit));
    assert_eq!(order.goods_value, Some(yuan(50_000)));
    assert_eq!(order.freight, Some(yuan(1_250)));
    let again: Order = serde_json::from_str(&serde_json::to_string(&order).unwrap()).unwrap();
    assert_eq!(again, order);

    let misspelt = serde_json::from_value::<Order>(json!({ "waybill": "A1", "goods": "fresh" }));
    assert!(misspelt.unwrap_err().to_string().contains("`goods`"));
    let too_fine = json!({ "waybill": "A1", "freight": { "currency_code": "CNY", "units": 1, "nanos": 1 } });
    assert!(serde_json::from_value::<Order>(too_fine).is_err());
}
