//! The Service Bus triggers: receive, invoke, settle. One batch at a time for each function and instance; a failed batch
//! is given back whole. Source: ServiceBusListener of the Service Bus extension 5.x.

use std::{convert::Infallible, sync::Arc, time::Duration};

use time::OffsetDateTime;
use tokio::{sync::Semaphore, task::JoinSet};

use super::{
    instance::Instance,
    invocation::{service_bus_many, service_bus_one},
    outcome::{Answer, InvocationFailed},
    package::{DataType, Function, Package},
};
use crate::service_bus::{Broker, Delivery, Entity};

/// A batch is what comes within this time of its first message; recorded.
const GATHERS_FOR: Duration = Duration::from_millis(20);

/// How soon a batch comes back that fails before the worker is called; recorded: 25 to 130 ms.
const FAILS_WITHIN: Duration = Duration::from_millis(25);

pub(super) struct Listener {
    pub(super) instance: Arc<Instance>,
    pub(super) package: Arc<Package>,
    pub(super) function: Function,
    pub(super) broker: Broker,
    pub(super) entity: Entity,
    pub(super) data_type: DataType,
    pub(super) batch_size: usize,
    pub(super) completes: bool,
    pub(super) namespace: String,
}

impl Listener {
    /// Batches, one after the other, until it is aborted.
    pub(super) async fn listen_for_batches(self) {
        loop {
            let batch = self.batch().await;
            let now = OffsetDateTime::now_utc();
            let body = service_bus_many(&self.function, self.data_type, &batch, &self.namespace, now);
            let result = match body {
                Ok(body) => self.instance.invoke(&self.function.name, body).await,
                Err(error) => {
                    self.instance.say(&error.to_string());
                    tokio::time::sleep(FAILS_WITHIN).await;
                    Err(error)
                }
            };
            self.settle(&batch, &result);
        }
    }

    /// Single messages, many at a time, their locks renewed while they are worked on.
    pub(super) async fn listen_for_single_messages(self) {
        let listener = Arc::new(self);
        let calls = Arc::new(Semaphore::new(listener.package.concurrent_calls));
        let mut running = JoinSet::new();
        loop {
            let Ok(permit) = calls.clone().acquire_owned().await.map(Arc::new) else { return };
            while running.try_join_next().is_some() {}
            for delivery in listener.next(1).await {
                let listener = listener.clone();
                let permit = permit.clone();
                running.spawn(async move {
                    listener.handle_one(delivery).await;
                    drop(permit);
                });
            }
        }
    }

    async fn handle_one(&self, delivery: Delivery) {
        let now = OffsetDateTime::now_utc();
        let body = match service_bus_one(&self.function, self.data_type, &delivery, &self.namespace, now) {
            Ok(body) => body,
            Err(error) => {
                self.instance.say(&error.to_string());
                tokio::time::sleep(FAILS_WITHIN).await;
                return self.settle(&[delivery], &Err(error));
            }
        };
        let invoke = self.instance.invoke(&self.function.name, body);
        let result = tokio::select! {
            result = invoke => result,
            never = self.renew(&delivery) => match never {},
        };
        self.settle(&[delivery], &result);
    }

    /// Renews the lock at half its time until the host's limit; then it only waits.
    async fn renew(&self, delivery: &Delivery) -> Infallible {
        let lock =
            self.broker.rules(self.entity.queue_name()).map_or(Duration::from_secs(60), |rules| rules.lock_duration);
        let mut renewed_for = Duration::ZERO;
        while renewed_for < self.package.lock_renewal {
            tokio::time::sleep(lock / 2).await;
            renewed_for += lock / 2;
            if self.broker.renew(&self.entity, delivery.lock_token).is_err() {
                break;
            }
        }
        std::future::pending().await
    }

    /// The next messages, and those that come right behind them.
    async fn batch(&self) -> Vec<Delivery> {
        let mut batch = self.next(self.batch_size).await;
        let full = async {
            while batch.len() < self.batch_size {
                // It gives what it locks at the moment when it locks it, so nothing is lost when this ends.
                batch.extend(self.broker.wait_and_receive(&self.entity, self.batch_size - batch.len()).await);
            }
        };
        tokio::select! {
            () = full => {}
            () = tokio::time::sleep(GATHERS_FOR) => {}
            () = self.instance.until_closed() => {}
        }
        if self.instance.is_stopping() {
            // What a cancelled receive has locked stays so until the locks are over; measured.
            std::future::pending::<()>().await;
        }
        batch
    }

    /// The next messages while the instance is open.
    async fn next(&self, most: usize) -> Vec<Delivery> {
        loop {
            self.instance.until_open().await;
            tokio::select! {
                biased;
                () = self.instance.until_closed() => {}
                batch = self.broker.wait_and_receive(&self.entity, most) => return batch,
            }
        }
    }

    fn settle(&self, batch: &[Delivery], result: &Result<Answer, InvocationFailed>) {
        let settled = batch.iter().map(|delivery| match result {
            Ok(_) if self.completes => self.broker.complete(&self.entity, delivery.lock_token),
            // Without completion the messages stay locked until the lock expires.
            Ok(_) => Ok(()),
            Err(_) => self.broker.abandon(&self.entity, delivery.lock_token),
        });
        let lost = settled.filter(Result::is_err).count();
        if lost > 0 {
            self.instance
                .say(&format!("{lost} messages of '{}' could not be settled: their locks were lost.", self.entity));
        }
    }
}
