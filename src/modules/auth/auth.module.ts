import { Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { JwtModule } from '@nestjs/jwt';
import { TypeOrmModule } from '@nestjs/typeorm';
import { createSecretKey } from 'node:crypto';
import { RedisModule } from '../../cache/redis.module';
import { CONFIG, type Config } from '../../config/config';
import { AuditModule } from '../audit/audit.module';
import { JobsModule } from '../jobs/jobs.module';
import { SettingsModule } from '../settings/settings.module';
import { AccessGuard } from './access.guard';
import { AccessTokens, tokenRules } from './access-tokens';
import { ActivityRecorder } from './activity.recorder';
import { ApiKey } from './api-key.entity';
import { ApiKeyService } from './api-key.service';
import { AuthController } from './auth.controller';
import { Authenticator } from './authenticator';
import { FirstAdministrator } from './first-administrator';
import { HashingQueue } from './hashing.queue';
import { LoginService } from './login.service';
import { LoginThrottle } from './login-throttle';
import { PasswordHasher } from './password.hasher';
import { PrincipalCache } from './principal.cache';
import { PrincipalReader } from './principal.reader';
import { RequestLimiter } from './request-limiter';
import { SessionCleanupJob } from './session-cleanup.job';
import { SessionService } from './session.service';
import { User } from './user.entity';
import { UserService } from './user.service';
import { UserSession } from './user-session.entity';
import { UsersController } from './users.controller';

@Module({
  imports: [
    TypeOrmModule.forFeature([User, UserSession, ApiKey]),
    JwtModule.registerAsync({
      inject: [CONFIG],
      useFactory: (config: Config) => ({
        secret: createSecretKey(config.jwtSecret),
        signOptions: { ...tokenRules },
      }),
    }),
    AuditModule,
    JobsModule,
    SettingsModule,
    RedisModule,
  ],
  controllers: [AuthController, UsersController],
  providers: [
    { provide: APP_GUARD, useClass: AccessGuard },
    AccessTokens,
    ActivityRecorder,
    ApiKeyService,
    Authenticator,
    FirstAdministrator,
    HashingQueue,
    LoginService,
    LoginThrottle,
    PasswordHasher,
    PrincipalCache,
    PrincipalReader,
    RequestLimiter,
    SessionCleanupJob,
    SessionService,
    UserService,
  ],
  exports: [SessionService, UserService, FirstAdministrator, PrincipalReader],
})
export class AuthModule {}
