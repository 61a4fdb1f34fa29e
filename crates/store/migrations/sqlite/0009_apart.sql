-- Lets RADIUS servers that run apart from the controller say which access points are connected to
-- them, and keeps each try of an order, whoever made it.
-- Retention: servers for a month after they were seen last, with their connections; tries as
-- their orders.

CREATE TABLE radius_servers (
    id TEXT NOT NULL PRIMARY KEY,
    machine TEXT NOT NULL,
    seen_at BIGINT NOT NULL,
    held_until BIGINT NOT NULL
);

CREATE TABLE nas_connections (
    nas TEXT NOT NULL,
    server TEXT NOT NULL REFERENCES radius_servers (id) ON DELETE CASCADE,
    PRIMARY KEY (nas, server)
);
CREATE INDEX nas_connections_of_server ON nas_connections (server);

CREATE TABLE order_tries (
    tried_order BLOB NOT NULL REFERENCES orders (id) ON DELETE CASCADE,
    tried_at BIGINT NOT NULL,
    method TEXT NOT NULL,
    answer TEXT,
    cause BIGINT,
    PRIMARY KEY (tried_order, tried_at)
);
